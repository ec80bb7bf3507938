/** Which communes the table shows and in which order; the order holds while somebody points at a row. */
import * as address from "./address.js";
import { ask } from "./api.js";
import { collator, plain } from "./format.js";
import { computed, effect, signal, untracked } from "./lib.js";
import * as store from "./store.js";

const RESORT_MS = 1_000;
const SEARCH_MS = 200;

export const order = signal([]);
/** Former units that match the search, each with what it belongs to now. */
export const former = signal([]);

/** What a row is sorted by; null for what has no value, which goes last either way. */
function sortValue(unit, by) {
  const row = store.rowOf(unit.code).value;
  if (by === "last_event") return row?.last_event ? Date.parse(row.last_event) : null;
  if (row === null || !row.has_reported && store.metrics.value?.get(by)?.kind !== "level") return null;
  return store.figureOf(row, by).value ?? null;
}

export function sorted(communes, { by, down }, valueOf) {
  const sign = down ? -1 : 1;
  const keyed = communes.map((unit) => ({ unit, value: by === "name" ? unit.short : valueOf(unit, by) }));
  const byName = (a, b) => collator.compare(a.unit.short, b.unit.short);
  keyed.sort((a, b) => {
    if (by === "name") return sign * byName(a, b);
    if (a.value === null || b.value === null) return (a.value === null) - (b.value === null) || byName(a, b);
    return sign * (a.value - b.value) || byName(a, b);
  });
  return keyed.map(({ unit }) => unit.code);
}

// Sorted by their own names: otherwise every phường would come before every xã.
const shortNames = computed(() =>
  store.communes.value.map((unit) => ({ code: unit.code, short: unit.name.replace(/^(Phường|Xã|Thị trấn|Đặc khu) /u, "") })),
);

const arrived = computed(() => store.meta.value !== null);

const resort = () => (order.value = untracked(() => sorted(shortNames.value, address.sort.value, sortValue)));

export const shown = computed(() => {
  const wanted = plain(address.query.value);
  if (!wanted) return order.value;
  const successors = new Set(former.value.flatMap((unit) => unit.now.map(({ code }) => code)));
  const names = store.units.value;
  const matches = (code) => code === wanted || successors.has(code) || plain(names.get(code)?.name ?? "").includes(wanted);
  return order.value.filter(matches);
});

function searchFormer() {
  const [query, city] = [address.query.value.trim(), address.city.value];
  if (plain(query).length < 2) {
    former.value = [];
    return undefined;
  }
  const timer = setTimeout(async () => {
    const answer = await ask(`/v1/units/search?q=${encodeURIComponent(query)}`).catch(() => ({ matches: [] }));
    if (untracked(() => address.query.value.trim()) !== query) return;
    former.value = answer.matches.filter((unit) => unit.city === city && unit.valid_to !== null && unit.now.length > 0);
  }, SEARCH_MS);
  return () => clearTimeout(timer);
}

export function start() {
  effect(searchFormer);
  effect(() => {
    // Somebody asked for another order, or the communes became known.
    void [shortNames.value, address.sort.value, arrived.value];
    resort();
  });
  let timer = null;
  effect(() => {
    void store.revision.value;
    if (store.hovering.value || address.sort.value.by === "name") return;
    timer ??= setTimeout(() => {
      timer = null;
      if (!store.hovering.value) resort();
    }, RESORT_MS);
  });
}
