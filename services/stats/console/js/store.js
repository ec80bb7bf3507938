/** What the page shows, as signals: one per row, so that a change repaints its row and nothing else. */
import { batch, computed, signal } from "./lib.js";
import * as address from "./address.js";
import { day } from "./format.js";
import { judge } from "./trust.js";
import { said } from "./words.js";

export const metrics = signal(null); // id -> metric
export const units = signal(null); // code -> unit, the city first
export const windows = signal(null);
export const sparklines = signal(null); // { metric, days, series }
export const meta = signal(null); // the table without its rows, as it was received last
export const pushedAt = signal(null); // when the server computed what is on the screen
export const freshness = signal(null);
export const connection = signal({ phase: "connecting", lostAt: null, retryAt: null });
export const failure = signal(null);
export const paused = signal(false);
export const now = signal(Date.now());
export const hovering = signal(false);
/** Changes when other figures are asked for: what differs then is not news and is not highlighted. */
export const epoch = signal(0);
/** Changes whenever any row did. */
export const revision = signal(0);

const rows = new Map();
// Frames come in faster than anybody reads; what is on the screen is at most this much older.
const PUBLISH_MS = 100;
let latest = { meta: null, rows: new Map() };
let timer = null;

/** The signal of one row; null until it is known. */
export function rowOf(code) {
  if (!rows.has(code)) rows.set(code, signal(null));
  return rows.get(code);
}

// A computed text is the same as long as the columns are, however often figures arrive: rows must not depend on more.
const columnIds = computed(() => meta.value?.metrics.join() ?? "");
export const columnOf = computed(() => new Map(columnIds.value.split(",").map((id, at) => [id, at])));
export const windowShown = computed(() => {
  const window = meta.value?.window;
  return window ? said(window, "title") : "";
});
/** The local day of the figures. */
export const today = computed(() => (pushedAt.value === null ? "" : day(pushedAt.value)));
export const cityName = computed(() => units.value?.get(address.city.value)?.name ?? "");
export const communes = computed(() => [...(units.value?.values() ?? [])].filter((unit) => unit.code !== address.city.value));
export const trust = computed(() =>
  judge({
    connection: connection.value,
    freshness: freshness.value,
    pushedAt: pushedAt.value,
    paused: paused.value,
    now: now.value,
  }),
);
export const level = computed(() => trust.value.level);
/** Values that may no longer be of now are dimmed, never taken away. */
export const dimmed = computed(() => ["stale", "cut", "cut_long"].includes(level.value));

/** The value and baselines of one figure of a row. */
export function figureOf(row, id) {
  const at = columnOf.value.get(id);
  if (row === null || at === undefined) return { value: undefined, previous: null, year_earlier: null };
  return { value: row.values[at], previous: row.previous[at], year_earlier: row.year_earlier[at] };
}

/** Other figures are asked for from here on. */
export function forget() {
  latest = { meta: null, rows: new Map() };
  batch(() => {
    epoch.value += 1;
    failure.value = null;
    meta.value = null;
    pushedAt.value = null;
    for (const row of rows.values()) row.value = null;
  });
}

export function takeSnapshot({ rows: received, ...rest }) {
  latest = { meta: rest, rows: new Map(Object.entries(received)) };
  // The first figures go out at once.
  if (meta.value === null) publish();
  else soon();
}

export function takeChanges({ rows: received, as_of, version }) {
  if (latest.meta === null) return;
  latest.meta = { ...latest.meta, as_of, version };
  for (const [code, row] of Object.entries(received)) latest.rows.set(code, row);
  soon();
}

export function setPaused(value) {
  paused.value = value;
  if (!value) publish();
}

function soon() {
  timer ??= setTimeout(publish, PUBLISH_MS);
}

function publish() {
  clearTimeout(timer);
  timer = null;
  // A pause holds what is on the screen; figures that were just asked for are not on it yet.
  if ((paused.value && meta.value !== null) || latest.meta === null) return;
  batch(() => {
    if (!meta.value || meta.value.metrics.join() !== latest.meta.metrics.join()) meta.value = latest.meta;
    for (const [code, row] of latest.rows) {
      const shown = rowOf(code);
      if (shown.value === null || JSON.stringify(shown.value) !== JSON.stringify(row)) shown.value = row;
    }
    meta.value = latest.meta;
    pushedAt.value = latest.meta.as_of;
    revision.value += 1;
  });
}
