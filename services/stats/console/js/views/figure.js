/** A figure on the screen: its value, how it changed, and the way to its definition. */
import { compare } from "../comparison.js";
import { decimal, number, percent, withSign } from "../format.js";
import { html, signal, useLayoutEffect, useRef } from "../lib.js";
import * as store from "../store.js";
import { said, t } from "../words.js";
import { Icon } from "./icons.js";

/** The figures whose definitions are being read: a list of metrics, or null. */
export const defining = signal(null);

/** A value that lights up briefly when it changes under the reader's eyes, and never when it is first shown. */
export function Live({ value, metric, text = withSign(value, metric) }) {
  const element = useRef(null);
  const before = useRef(null);
  useLayoutEffect(() => {
    const seen = before.current;
    before.current = { value, epoch: store.epoch.value };
    if (seen === null || seen.epoch !== store.epoch.value || seen.value === undefined || seen.value === value) return;
    // Two names for one animation: going from one to the other starts it anew without a forced layout.
    const again = element.current.classList.contains("changed");
    element.current.classList.toggle("changed", !again);
    element.current.classList.toggle("changed-again", again);
  }, [value]);
  return html`<span class="live" ref=${element}>${value === undefined ? html`<span class="skeleton" aria-hidden="true">00</span>` : text}</span>`;
}

const ARROWS = { "-1": "▼", 0: "=", 1: "▲" };

/** Which way, in a word, and by how much; says so when there is nothing to compare with. */
export function Change({ value, entry, metric, reason, withBaseline = false }) {
  if (value === undefined) return html`<span class="change skeleton" aria-hidden="true">00000000</span>`;
  const change = compare(value, entry, metric);
  if (change === null) {
    return html`<span class="change missing" title=${reason ? said(reason, "reason") : undefined}>${t("no_baseline")}</span>`;
  }
  return html`<span class="change ${change.tone}">
    <span aria-hidden="true">${ARROWS[change.direction]}${" "}</span>${changeWords(change, metric)}
    ${withBaseline && html`<span class="baseline"> ${t("from_baseline", { value: number(change.baseline, metric) })}</span>`}
  </span>`;
}

function changeWords({ direction, form, size }, metric) {
  if (direction === 0) return t("same");
  const word = t(direction > 0 ? "rise" : "fall");
  if (form === "points") return `${word} ${decimal(size)} ${t("points")}`;
  if (form === "share") return `${word} ${percent(size)}`;
  return `${word} ${form === "count" ? number(size, metric) : decimal(size)}`;
}

export const DefinitionButton = ({ metric }) => html`<button
  type="button"
  class="quiet tiny"
  aria-label=${t("definition", { title: said(metric, "title") })}
  onClick=${() => (defining.value = [metric])}
>
  <${Icon} name="info" />
</button>`;
