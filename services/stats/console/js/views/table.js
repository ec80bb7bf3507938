/** The table of all communes. */
import * as address from "../address.js";
import { COLUMNS, columnsOf } from "../catalogue.js";
import { number } from "../format.js";
import { html } from "../lib.js";
import { trendMetric } from "../live.js";
import { shown } from "../order.js";
import * as store from "../store.js";
import { said, t } from "../words.js";
import { defining } from "./figure.js";
import { Row } from "./row.js";

/** A name is first wanted from A to Z, a figure from the highest down; a second choice turns it round. */
function sortBy(by) {
  const { by: current, down } = address.sort.value;
  const next = current === by ? !down : by !== "name";
  address.go({ sort: (next ? "-" : "") + by }, { replace: true });
}

function Heading({ by, title, numeric = false }) {
  const { by: current, down } = address.sort.value;
  const state = current === by ? (down ? "descending" : "ascending") : undefined;
  return html`<th role="columnheader" scope="col" class=${numeric ? "number" : ""} aria-sort=${state}>
    <button type="button" class="sort" onClick=${() => sortBy(by)}><span>${title}</span><span class="arrow" aria-hidden="true">${state === "descending" ? "▼" : state === "ascending" ? "▲" : ""}</span></button>
  </th>`;
}

const ColumnSets = () => html`<div class="segments" role="group" aria-label=${t("columns")}>
  ${Object.keys(COLUMNS).map(
    (set) => html`<button key=${set} type="button" aria-pressed=${address.columns.value === set} onClick=${() => address.go({ columns: set, sort: null })}>
      ${t(set === "overview" ? "columns_overview" : `group_${set}`)}
    </button>`,
  )}
</div>`;

/** Where rows are cards there are no headings to sort by. */
function SortSelect({ columns }) {
  const { by, down } = address.sort.value;
  const to = (name, falling) => address.go({ sort: (falling ? "-" : "") + name }, { replace: true });
  return html`<div class="sort-select">
    <label>${t("sort_by")}${" "}
      <select value=${by} onChange=${(event) => to(event.currentTarget.value, event.currentTarget.value !== "name")}>
        <option value="name">${t("name")}</option>
        ${columns.map((metric) => html`<option key=${metric.id} value=${metric.id}>${said(metric, "title")}</option>`)}
        <option value="last_event">${t("last_event")}</option>
      </select>
    </label>
    <button type="button" class="button" onClick=${() => to(by, !down)}>${down ? "▼" : "▲"} ${t(down ? "sort_down" : "sort_up")}</button>
  </div>`;
}

function Counts() {
  const all = store.communes.value;
  const rows = all.map(({ code }) => store.rowOf(code).value).filter(Boolean);
  const silent = rows.filter((row) => !row.has_reported).length;
  const incomplete = rows.filter((row) => row.incomplete).length;
  return html`<p class="counts">
    <span>${t("count_units", { shown: number(shown.value.length), all: number(all.length) })}</span>
    ${silent > 0 && html`<span>${t("count_silent", { n: number(silent) })}</span>`}
    ${incomplete > 0 && html`<span class="warn">${t("count_incomplete", { n: number(incomplete) })}</span>`}
    <span class="held ${store.hovering.value && address.sort.value.by !== "name" ? "" : "hidden"}" aria-hidden="true">${t("order_held")}</span>
  </p>`;
}

const hold = (held) => () => (store.hovering.value = held);

function Body({ columns }) {
  const trend = trendMetric.value;
  return html`<tbody role="rowgroup" onPointerEnter=${hold(true)} onPointerLeave=${hold(false)} onFocusIn=${hold(true)} onFocusOut=${hold(false)}>
    <${Row} key="city" code=${address.city.value} columns=${columns} trend=${trend} isCity />
    ${shown.value.map((code) => html`<${Row} key=${code} code=${code} columns=${columns} trend=${trend} />`)}
  </tbody>`;
}

const Waiting = () => html`<div class="waiting" aria-busy="true">${Array.from({ length: 12 }, (_, at) => html`<span class="skeleton" key=${at} aria-hidden="true"></span>`)}</div>`;

function Caption() {
  const set = address.columns.value;
  const columns = t(set === "overview" || !COLUMNS[set] ? "columns_overview" : `group_${set}`);
  return html`<caption class="sr-only">${t("table_caption", { columns, window: store.windowShown.value })}</caption>`;
}

export function Table() {
  const ready = store.metrics.value !== null && store.units.value !== null;
  const columns = ready ? columnsOf(address.columns.value, store.metrics.value) : [];
  return html`<section class="communes" aria-labelledby="communes">
    <div class="bar">
      <div class="about">
        <h2 id="communes" tabindex="-1">${t("table")}</h2>
        ${ready && html`<${Counts} />`}
      </div>
      <${ColumnSets} />
      <button type="button" class="button" onClick=${() => (defining.value = columns)}>${t("definitions")}</button>
      <${SortSelect} columns=${columns} />
    </div>
    ${!ready
      ? html`<${Waiting} />`
      : html`<div class="scroller" tabindex="0" role="group" aria-labelledby="communes">
          <table role="table" class="grid">
            <${Caption} />
            <thead role="rowgroup">
              <tr role="row">
                <${Heading} by="name" title=${t("name")} />
                <th role="columnheader" scope="col" class="trend" title=${trendMetric.value && t("trend_of", { title: said(trendMetric.value, "title") })}>${t("trend")}${trendMetric.value && html`<span class="of">${said(trendMetric.value, "title")}</span>`}</th>
                ${columns.map((metric) => html`<${Heading} key=${metric.id} by=${metric.id} title=${said(metric, "title")} numeric />`)}
                <${Heading} by="last_event" title=${t("last_event")} />
              </tr>
            </thead>
            <${Body} columns=${columns} />
          </table>
          ${shown.value.length === 0 && address.query.value && html`<p class="empty">${t("search_none", { query: address.query.value })}</p>`}
        </div>`}
  </section>`;
}
