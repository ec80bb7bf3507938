/** Tells screen readers the news, politely and seldom. */
import * as address from "../address.js";
import { withSign } from "../format.js";
import { effect, html, signal, untracked } from "../lib.js";
import * as store from "../store.js";
import { said, t } from "../words.js";
import { label } from "./freshness.js";

// A number read out every second is noise; once in half a minute it can be followed.
const EVERY_MS = 30_000;
const TOLD = ["patrols_completed", "security_information_received", "violations_detected"];

const text = signal("");
let last = "";

function summary() {
  const row = store.rowOf(address.city.value).value;
  return TOLD.map((id) => store.metrics.value?.get(id))
    .filter(Boolean)
    .map((metric) => [metric, store.figureOf(row, metric.id).value])
    .filter(([, value]) => value !== undefined)
    .map(([metric, value]) => t("announce", { title: said(metric, "title"), value: withSign(value, metric) }))
    .join(". ");
}

export function start() {
  effect(() => {
    const level = store.level.value;
    if (level !== last) text.value = untracked(() => label(level));
    last = level;
  });
  setInterval(() => {
    if (!store.paused.value && store.level.value === "live") text.value = summary();
  }, EVERY_MS);
}

export const Announcer = () => html`<p class="sr-only" role="status" aria-live="polite">${text.value}</p>`;
