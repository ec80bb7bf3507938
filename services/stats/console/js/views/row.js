/** One unit in the table. */
import * as address from "../address.js";
import { recent } from "../format.js";
import { html } from "../lib.js";
import * as store from "../store.js";
import { said, t } from "../words.js";
import { Live } from "./figure.js";
import { Sparkline } from "./sparkline.js";

/** Without any report in the window a count is unknown, not zero; a level stands all the same. */
const isSilent = (row, metric) => row !== null && !row.has_reported && metric.kind !== "level";

// A rate of so few is mostly chance: one violation in two patrols is not 500 in a thousand.
const FEW = 20;

function isOfFew(row, metric) {
  if (metric.kind !== "ratio") return false;
  const { value } = store.figureOf(row, metric.denominator);
  return value !== undefined && value !== null && value < FEW;
}

function Figure({ row, metric }) {
  const { value } = store.figureOf(row, metric.id);
  const title = said(metric, "title");
  if (isSilent(row, metric)) {
    return html`<td role="cell" class="number silent" data-title=${title}><span aria-hidden="true">–</span><span class="sr-only">${t("not_reported")}</span></td>`;
  }
  const few = isOfFew(row, metric);
  return html`<td role="cell" class="number ${value === 0 ? "zero" : ""} ${few ? "few" : ""}" title=${few ? t("of_few") : undefined} data-title=${title} data-metric=${metric.id}>
    <${Live} value=${value} metric=${metric} />${value === null && html`<span class="sr-only">${t("no_value")}</span>`}
  </td>`;
}

function Trend({ code, metric }) {
  const lines = store.sparklines.value;
  const ready = metric !== null && lines?.metric === metric.id;
  return html`<td role="cell" class="trend" data-title=${t("trend")}>${metric !== null && html`<${Sparkline} values=${ready ? lines.series[code] : null} metric=${metric} />`}</td>`;
}

export function Row({ code, columns, trend, isCity = false }) {
  const row = store.rowOf(code).value;
  const unit = store.units.value.get(code);
  const open = address.unit.value === code;
  return html`<tr role="row" data-unit=${code} class="${isCity ? "city" : ""} ${open ? "open" : ""}">
    <th role="rowheader" scope="row">
      <a class="unit" href=${address.hrefWith({ unit: code })} onClick=${address.follow({ unit: code })} aria-current=${open ? "true" : undefined}>${isCity ? t("whole_city") : unit.name}</a>
      ${row !== null && !row.has_reported && html`<span class="tag" title=${t("not_reported_long")}>${t("not_reported")}</span>`}
      ${row?.incomplete && html`<span class="tag warn" title=${t("incomplete_long")}>${t("incomplete")}</span>`}
    </th>
    <${Trend} code=${code} metric=${trend} />
    ${columns.map((metric) => html`<${Figure} key=${metric.id} row=${row} metric=${metric} />`)}
    <td role="cell" class="when" data-title=${t("last_event")}>${row === null ? html`<span class="skeleton" aria-hidden="true">00:00</span>` : recent(row.last_event, store.today.value)}</td>
  </tr>`;
}
