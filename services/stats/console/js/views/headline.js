/** The city's headline figures. */
import * as address from "../address.js";
import { grouped, ratesBesideCounts } from "../catalogue.js";
import { html } from "../lib.js";
import * as store from "../store.js";
import { said, t } from "../words.js";
import { Change, DefinitionButton, Live } from "./figure.js";

function Card({ metric }) {
  const row = store.rowOf(address.city.value).value;
  const { value, previous, year_earlier } = store.figureOf(row, metric.id);
  const comparisons = store.meta.value?.comparisons;
  const unit = said(metric, "unit");
  return html`<li class="card" data-metric=${metric.id}>
    <h4>${said(metric, "title")}</h4>
    <${DefinitionButton} metric=${metric} />
    <p class="value"><${Live} value=${value} metric=${metric} /></p>
    <p class="unit">${unit === "%" ? "" : unit}</p>
    <dl>
      <div><dt>${t("previous")}</dt><dd><${Change} value=${value} entry=${previous} metric=${metric} reason=${comparisons?.previous} /></dd></div>
      <div><dt title=${t("year_earlier_long")}>${t("year_earlier")}</dt><dd><${Change} value=${value} entry=${year_earlier} metric=${metric} reason=${comparisons?.year_earlier} /></dd></div>
    </dl>
  </li>`;
}

// Each card as wide as the others, whatever group it is in.
const CARD_PX = 136;
const room = (cards) => ({ flex: `${cards} 1 ${cards * CARD_PX}px` });

function Placeholder({ cards }) {
  return html`<div class="group" style=${room(cards)}><h3><span class="skeleton" aria-hidden="true">0000000000</span></h3>
    <ul class="cards">${Array.from({ length: cards }, (_, at) => html`<li class="card" key=${at}><h4><span class="skeleton" aria-hidden="true">000000000000</span></h4><p class="value"><span class="skeleton" aria-hidden="true">0000</span></p></li>`)}</ul>
  </div>`;
}

export function Headline() {
  const metrics = [...(store.metrics.value?.values() ?? [])].filter((metric) => metric.headline);
  return html`<section class="headline" aria-labelledby="headline">
    <h2 id="headline" class="sr-only">${t("headline")}</h2>
    <div class="groups" aria-busy=${metrics.length === 0}>
      ${metrics.length === 0 && [5, 3, 6, 3].map((cards, at) => html`<${Placeholder} key=${at} cards=${cards} />`)}
      ${grouped(metrics).map(
        ([group, members]) => html`<div class="group" key=${group} style=${room(members.length)}>
          <h3>${t(`group_${group}`)}</h3>
          <ul class="cards">${ratesBesideCounts(members).map((metric) => html`<${Card} key=${metric.id} metric=${metric} />`)}</ul>
        </div>`,
      )}
    </div>
  </section>`;
}
