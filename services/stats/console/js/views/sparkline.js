/** Fourteen days of one figure as a line, with the same in words. */
import { number } from "../format.js";
import { html } from "../lib.js";
import { t } from "../words.js";

const [WIDTH, HEIGHT, EDGE] = [96, 24, 3];

export function Sparkline({ values, metric }) {
  if (!values) return html`<span class="skeleton spark" aria-hidden="true"></span>`;
  const most = Math.max(...values);
  const words = t("trend_text", { total: number(values.reduce((sum, value) => sum + value, 0), metric), most: number(most, metric) });
  const x = (at) => EDGE + (at * (WIDTH - 2 * EDGE)) / (values.length - 1);
  const y = (value) => HEIGHT - EDGE - (value * (HEIGHT - 2 * EDGE)) / Math.max(most, 1);
  // The last day is still in progress: its part of the line is drawn as not yet certain.
  const points = values.map((value, at) => `${x(at).toFixed(1)},${y(value).toFixed(1)}`);
  return html`<svg class="spark" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label=${words}>
    <polyline class="line" points=${points.slice(0, -1).join(" ")} />
    <polyline class="line today" points=${points.slice(-2).join(" ")} />
    <circle cx=${x(values.length - 1)} cy=${y(values.at(-1))} r="2" />
  </svg>`;
}
