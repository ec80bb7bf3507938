/** The choice of the window, and what it covers. */
import * as address from "../address.js";
import { clock, interval } from "../format.js";
import { html, signal } from "../lib.js";
import * as store from "../store.js";
import { said, t } from "../words.js";
import { Icon } from "./icons.js";

const choosing = signal(false);
const wrong = signal(false);

const choose = (window) => address.go({ window, from: null, to: null });
const isStandard = (window) => window.kind === "rolling" || window.kind === "calendar";
const chosen = () => address.period.value.window ?? "";

function Buttons({ windows }) {
  return html`<div class="segments" role="group" aria-label=${t("window")}>
    ${windows.filter(isStandard).map(
      (window) => html`<button key=${window.id} type="button" aria-pressed=${chosen() === window.id} onClick=${() => choose(window.id)}>${said(window, "title")}</button>`,
    )}
  </div>`;
}

function Select({ windows, all }) {
  const kinds = all ? [["windows_rolling", "rolling"], ["windows_calendar", "calendar"]] : [];
  const named = windows.filter((window) => !isStandard(window));
  const option = (window) => html`<option key=${window.id} value=${window.id}>${said(window, "title")}</option>`;
  if (!all && !named.length) return null;
  const current = all || named.some(({ id }) => id === chosen()) ? chosen() : "";
  return html`<select class=${all ? "every" : "named"} aria-label=${t(all ? "window" : "windows_named")} value=${current} onChange=${(event) => event.currentTarget.value && choose(event.currentTarget.value)}>
    ${current === "" && html`<option value="">${t(all ? "windows_dates" : "window_named_pick")}</option>`}
    ${kinds.map(([title, kind]) => html`<optgroup key=${kind} label=${t(title)}>${windows.filter((window) => window.kind === kind).map(option)}</optgroup>`)}
    ${all ? named.length > 0 && html`<optgroup label=${t("windows_named")}>${named.map(option)}</optgroup>` : named.map(option)}
  </select>`;
}

function Dates() {
  const { from = "", to = "" } = address.period.value;
  const show = (event) => {
    event.preventDefault();
    const days = Object.fromEntries(new FormData(event.currentTarget));
    wrong.value = !(days.from && days.to && days.from <= days.to);
    if (!wrong.value) address.go({ ...days, window: null });
  };
  return html`<form class="dates" onSubmit=${show}>
    <label>${t("dates_from")} <input type="date" name="from" required value=${from} /></label>
    <label>${t("dates_to")} <input type="date" name="to" required value=${to} /></label>
    <button type="submit" class="primary">${t("dates_show")}</button>
    ${wrong.value && html`<p role="alert" class="bad">${t("dates_wrong")}</p>`}
  </form>`;
}

export function Windows() {
  const windows = store.windows.value ?? [];
  const table = store.meta.value;
  return html`<section class="windows" aria-label=${t("window")}>
    <div class="choice">
      <${Buttons} windows=${windows} />
      <${Select} windows=${windows} all />
      <${Select} windows=${windows} />
      <button type="button" class="button" aria-label=${t("windows_dates")} aria-expanded=${choosing.value || Boolean(address.period.value.from)} onClick=${() => (choosing.value = !choosing.value)}>
        <${Icon} name="calendar" /><span class="roomy">${t("windows_dates")}</span>
      </button>
    </div>
    ${(choosing.value || address.period.value.from) && html`<${Dates} />`}
    <p class="covers">
      ${table
        ? html`<strong>${said(table.window, "title")}</strong> <span>${interval(table.window)}</span> <span class="muted">${t("as_of", { time: clock(store.pushedAt.value) })}</span>`
        : html`<span class="skeleton" aria-hidden="true">00:00 00/00/0000 – 00:00 00/00/0000</span>`}
    </p>
  </section>`;
}
