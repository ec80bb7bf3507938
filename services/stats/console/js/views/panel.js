/** One unit with all its figures, beside the table. */
import * as address from "../address.js";
import { ask } from "../api.js";
import { grouped, ratesBesideCounts } from "../catalogue.js";
import { decimal, interval, recent } from "../format.js";
import { computed, effect, Fragment, html, signal, untracked, useEffect, useRef } from "../lib.js";
import { session } from "../live.js";
import * as store from "../store.js";
import { said, t } from "../words.js";
import { Change, DefinitionButton, Live } from "./figure.js";
import { Pill } from "./freshness.js";
import { Icon } from "./icons.js";
import { Sparkline } from "./sparkline.js";

// After a change of the unit: long enough for a burst to be over, short enough to feel live.
const AGAIN_MS = 300;

const details = signal(null);
const failed = signal(false);
const attempt = signal(0);
const followedRow = computed(() => (address.unit.value === null ? null : store.rowOf(address.unit.value).value));

/** Loads the unit of the address again whenever its row changes. */
export function start() {
  effect(() => {
    const unit = address.unit.value;
    const period = new URLSearchParams(address.period.value);
    void [followedRow.value, session.value, attempt.value];
    if (unit === null) {
      details.value = null;
      return undefined;
    }
    const stop = new AbortController();
    const first = untracked(() => details.value?.unit.code !== unit);
    const load = async () => {
      try {
        const answer = await ask(`/v1/figures/${encodeURIComponent(unit)}?${period}`, { signal: stop.signal });
        if (!untracked(() => store.paused.value) || first) details.value = answer;
        failed.value = false;
      } catch {
        if (!stop.signal.aborted) failed.value = true;
      }
    };
    const timer = setTimeout(load, first ? 0 : AGAIN_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  });
}

function Line({ metric, answer, part = false }) {
  const { value, previous, year_earlier } = answer.figures[metric.id];
  const unknown = !answer.has_reported && metric.kind !== "level";
  const { previous: before, year_earlier: year } = answer.comparisons;
  return html`<tr class=${part ? "part" : ""} data-metric=${metric.id}>
    <th scope="row"><div class="titled"><span>${said(metric, "title")}</span><${DefinitionButton} metric=${metric} /></div></th>
    <td class="number" data-title=${t("value")}>
      ${unknown ? html`<span class="silent">${t("not_reported")}</span>` : html`<b><${Live} key=${answer.unit.code + answer.window.id} value=${value} metric=${metric} /></b>`}
      ${!unknown && said(metric, "unit") !== "%" && html`<span class="unit">${said(metric, "unit")}</span>`}
    </td>
    <td data-title=${t("previous")}>${unknown ? "" : html`<${Change} value=${value} entry=${previous} metric=${metric} reason=${before} withBaseline />`}</td>
    <td data-title=${t("year_earlier")}>${unknown ? "" : html`<${Change} value=${value} entry=${year_earlier} metric=${metric} reason=${year} withBaseline />`}</td>
  </tr>`;
}

const Head = ({ title }) => html`<thead>
  <tr>
    <th scope="col">${title}</th>
    <th scope="col" class="number">${t("value")}</th>
    <th scope="col">${t("previous")}</th>
    <th scope="col" title=${t("year_earlier_long")}>${t("year_earlier")}</th>
  </tr>
</thead>`;

function Group({ group, members, answer }) {
  const whole = ratesBesideCounts(members.filter((metric) => !metric.family));
  const families = whole.map((metric) => [metric, members.filter(({ family }) => family === metric.id)]).filter(([, parts]) => parts.length);
  return html`<${Fragment}>
    <table>
      <${Head} title=${t(`group_${group}`)} />
      <tbody>${whole.map((metric) => html`<${Line} key=${metric.id} metric=${metric} answer=${answer} />`)}</tbody>
    </table>
    ${families.map(
      ([metric, parts]) => html`<details key=${metric.id}>
        <summary>${t("parts_of", { title: said(metric, "title") })} (${parts.length})</summary>
        <table>
          <${Head} title=${said(metric, "title")} />
          <tbody>${parts.map((part) => html`<${Line} key=${part.id} metric=${part} answer=${answer} part />`)}</tbody>
        </table>
      </details>`,
    )}
  <//>`;
}

function Facts({ answer }) {
  const { unit } = answer;
  const lines = store.sparklines.value;
  const metric = lines && store.metrics.value?.get(lines.metric);
  return html`<div class="unit-facts">
    <p class="muted">
      ${t("code")} ${unit.code}${unit.area_km2 !== null && html` · ${t("area")} ${decimal(unit.area_km2)} km²`} · ${t("last_event")} ${recent(answer.last_event, store.today.value)}
    </p>
    <p>${said(answer.window, "title")}: ${interval(answer.window)}</p>
    ${!answer.has_reported && html`<p class="note">${t("not_reported_long")}.</p>`}
    ${answer.incomplete && html`<p class="note warn">${t("incomplete_long")}</p>`}
    ${metric && lines.series[unit.code] && html`<p class="trend"><span>${t("trend_of", { title: said(metric, "title") })}</span><${Sparkline} values=${lines.series[unit.code]} metric=${metric} /></p>`}
  </div>`;
}

export function Panel() {
  const heading = useRef(null);
  const code = address.unit.value;
  useEffect(() => {
    if (code !== null) heading.current?.focus();
  }, [code]);
  if (code === null) return null;
  const name = store.units.value?.get(code)?.name ?? code;
  const answer = details.value?.unit.code === code ? details.value : null;
  return html`<aside class="panel" aria-label=${t("panel", { name })}>
    <div class="panel-head">
      <h2 tabindex="-1" ref=${heading}>${name}</h2>
      <${Pill} />
      <button type="button" class="quiet" aria-label=${t("close")} onClick=${() => address.go({ unit: null })}><${Icon} name="close" /></button>
    </div>
    <div class="panel-body">
      ${failed.value && html`<p role="alert" class="note bad">${t("panel_failed")} <button type="button" class="button" onClick=${() => (attempt.value += 1)}>${t("retry")}</button></p>`}
      ${answer === null && !failed.value && html`<div class="waiting" aria-busy="true">${Array.from({ length: 8 }, (_, at) => html`<span class="skeleton" key=${at} aria-hidden="true"></span>`)}</div>`}
      ${answer !== null && store.metrics.value !== null &&
      html`<${Fragment}>
        <${Facts} answer=${answer} />
        ${grouped([...store.metrics.value.values()].filter(({ id }) => id in answer.figures)).map(([group, members]) => html`<${Group} key=${group} group=${group} members=${members} answer=${answer} />`)}
      <//>`}
    </div>
  </aside>`;
}
