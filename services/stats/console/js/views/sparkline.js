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
  // A day of which the unit has told nothing is no zero: the line has a gap there.
  const line = (first, end) => {
    let path = "";
    let pen = "M";
    for (let at = first; at < end; at += 1) {
      if (values[at] !== null) path += `${pen}${x(at).toFixed(1)},${y(values[at]).toFixed(1)}h0`;
      pen = values[at] === null ? "M" : "L";
    }
    return path;
  };
  // The last day is still in progress: its part of the line is drawn as not yet certain.
  const last = values.length - 1;
  return html`<svg class="spark" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label=${words}>
    <path class="line" d=${line(0, last)} />
    <path class="line today" d=${line(last - 1, last + 1)} />
    ${values[last] === null ? null : html`<circle cx=${x(last)} cy=${y(values[last])} r="2" />`}
  </svg>`;
}
