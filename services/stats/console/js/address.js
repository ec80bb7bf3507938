/** The view's state in the address bar: what is looked at can be reloaded, sent to a colleague, and left with the back button. */
import { computed, signal } from "./lib.js";

export const DEFAULTS = { city: "01", window: "PT24H", lang: "vi", columns: "overview", sort: "name" };

const parameters = signal(new URLSearchParams(location.search));

addEventListener("popstate", () => {
  parameters.value = new URLSearchParams(location.search);
});

const one = (name) => computed(() => parameters.value.get(name) ?? DEFAULTS[name] ?? null);

export const city = one("city");
export const lang = computed(() => (parameters.value.get("lang") === "en" ? "en" : "vi"));
export const unit = one("unit");
export const query = computed(() => parameters.value.get("q") ?? "");
export const columns = one("columns");
export const sort = computed(() => {
  const text = parameters.value.get("sort") ?? DEFAULTS.sort;
  return text.startsWith("-") ? { by: text.slice(1), down: true } : { by: text, down: false };
});

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** Either a window by its id, or a pair of days, both included. */
export const period = computed(() => {
  const [from, to] = [parameters.value.get("from"), parameters.value.get("to")];
  if (DAY.test(from ?? "") && DAY.test(to ?? "") && from <= to) return { from, to };
  return { window: parameters.value.get("window") ?? DEFAULTS.window };
});

/** The address with some parameters changed; null takes one out, and defaults are left out. */
export function hrefWith(changes) {
  const next = new URLSearchParams(parameters.value);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === "" || value === DEFAULTS[name]) next.delete(name);
    else next.set(name, value);
  }
  const text = next.toString();
  return text ? `?${text}` : location.pathname;
}

/** Go there. What is typed or sorted replaces the entry in the history, what is opened adds one. */
export function go(changes, { replace = false } = {}) {
  const href = hrefWith(changes);
  history[replace ? "replaceState" : "pushState"](null, "", href);
  parameters.value = new URLSearchParams(location.search);
}

/** For links: a plain click stays in the page, any other one is the browser's. */
export const follow = (changes) => (event) => {
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.button > 0) return;
  event.preventDefault();
  go(changes);
};
