/** How far the figures may be trusted: one word, the reasons, and the separate facts behind them. */
import { age, clock, number, percent, recent } from "../format.js";
import { html, signal } from "../lib.js";
import * as store from "../store.js";
import { t } from "../words.js";
import { Icon } from "./icons.js";

const unfolded = signal(false);

/** The colour of each level; loading and rebuilding are news, not trouble. */
const TONES = { live: "good", loading: "plain", rebuilding: "note", paused: "note", refused: "warn", behind: "warn", cut: "warn", stale: "bad", cut_long: "bad" };
const LABELS = { cut_long: "level_cut" };

export const label = (level) => t(LABELS[level] ?? `level_${level}`);
const tone = (level) => TONES[level];

const topicName = (topic) => {
  const key = `topic_${topic.split(".")[0]}`;
  return t(key);
};

function sentence({ say, topics = [], time, seconds, count, age: silence, reason }) {
  const services = topics.map(topicName).join(", ");
  return t(say, { services, time: clock(time), seconds, count: number(count ?? 0), age: age(silence), reason });
}

const stateOf = (topic) => {
  if (topic.heartbeat_at === null && topic.level === "ok") return "unknown";
  if (topic.silent) return "silent";
  return topic.level;
};
const STATE_TONES = { ok: "good", behind: "warn", stale: "bad", silent: "bad", unknown: "plain" };

function Topic({ topic }) {
  const state = stateOf(topic);
  return html`<tr>
    <th scope="row">${topicName(topic.topic)}</th>
    <td class="number">${number(topic.committed)}</td>
    <td class="number">${number(topic.applied)}</td>
    <td class="number">${number(topic.behind)}${topic.behind_since && html`<span class="muted"> (${recent(topic.behind_since, store.today.value)})</span>`}</td>
    <td>${topic.heartbeat_age_s === null ? t("never") : t("ago", { age: age(topic.heartbeat_age_s) })}</td>
    <td><span class="state ${STATE_TONES[state]}">${t(`state_${state}`)}</span></td>
  </tr>`;
}

/** Another state that is being counted, or was refused because its figures differ. */
function Building({ state }) {
  const text = t(`building_${state.stage}`, { progress: percent(state.progress ?? 0), count: number(state.differing ?? 0) });
  return html`<div><dt>${t("building")}</dt><dd class=${state.stage === "refused" ? "warn" : ""}>${text}</dd></div>`;
}

function Facts({ facts }) {
  const connection = store.connection.value;
  const incomplete = facts.incomplete_units.map((code) => store.units.value?.get(code)?.name ?? code);
  return html`<div id="facts" class="facts">
    <div class="scroller" tabindex="0" role="group" aria-label=${t("freshness_caption")}>
      <table>
        <caption>${t("freshness_caption")}</caption>
        <thead>
          <tr>
            <th scope="col">${t("service")}</th>
            <th scope="col" class="number">${t("committed")}</th>
            <th scope="col" class="number">${t("applied")}</th>
            <th scope="col" class="number">${t("behind")}</th>
            <th scope="col">${t("heartbeat")}</th>
            <th scope="col">${t("state")}</th>
          </tr>
        </thead>
        <tbody>${facts.topics.map((topic) => html`<${Topic} key=${topic.topic} topic=${topic} />`)}</tbody>
      </table>
    </div>
    <dl>
      <div><dt>${t("connection")}</dt><dd>${t(`connection_${["open", "waiting"].includes(connection.phase) ? connection.phase : "connecting"}`)}</dd></div>
      <div><dt>${t("last_push")}</dt><dd>${clock(facts.as_of)}</dd></div>
      <div><dt>${t("worker_head")}</dt><dd>${facts.worker.last_head_at ? recent(facts.worker.last_head_at, store.today.value) : t("never")}</dd></div>
      ${facts.generation?.building.map((state) => html`<${Building} key=${state.state} state=${state} />`)}
      ${facts.generation?.last_check?.outcome && facts.generation.last_check.outcome !== "agrees" &&
      html`<div><dt>${t("self_check")}</dt><dd class="warn">${t("self_check_differs", { count: number(facts.generation.last_check.differing) })}</dd></div>`}
      ${incomplete.length > 0 && html`<div><dt>${t("incomplete_units")}</dt><dd class="warn">${incomplete.join(", ")}</dd></div>`}
    </dl>
  </div>`;
}

function Progress({ label: text, part, counts }) {
  return html`<div class="progress">
    <label>${text} <progress max="1" value=${part}></progress></label>
    <span class="number">${counts && html`<span class="muted">${counts} · </span>`}${percent(part)}</span>
  </div>`;
}

/** How far the figures may be trusted, in one word. */
export function Pill() {
  const level = store.level.value;
  return html`<span class="pill ${tone(level)}"><span class="dot" aria-hidden="true"></span>${label(level)}</span>`;
}

export function Freshness() {
  const facts = store.freshness.value;
  const { level, reasons } = store.trust.value;
  const history = facts?.history;
  const sums = facts && ["committed", "applied"].map((field) => facts.topics.reduce((sum, topic) => sum + topic[field], 0));
  return html`<section class="freshness ${tone(level)}" aria-label=${t("freshness_title")} data-level=${level}>
    <div class="strip">
      <${Pill} />
      ${facts?.simulated && html`<strong class="simulated" title=${t("simulated_long")}>${t("simulated")}</strong>`}
      <p class="reasons">${reasons.map((reason) => html`<span key=${reason.say}>${sentence(reason)}${" "}</span>`)}</p>
      ${facts &&
      html`<p class="sums">
        <span>${t("committed")} <b>${number(sums[0])}</b></span>
        <span>${t("applied")} <b>${number(sums[1])}</b></span>
        <span>${t("last_push")} <b>${clock(facts.as_of)}</b></span>
      </p>
      <button type="button" class="quiet" aria-label=${t("details")} aria-expanded=${unfolded.value} aria-controls="facts" onClick=${() => (unfolded.value = !unfolded.value)}>
        <span class="roomy">${t("details")}</span><${Icon} name="down" />
      </button>`}
    </div>
    ${facts && facts.status !== "live" && facts.progress !== null && html`<${Progress} label=${t("level_rebuilding")} part=${facts.progress} />`}
    ${history && history.total > 0 && history.done < history.total &&
    html`<${Progress} label=${history.label ? `${t("history")}: ${history.label}` : t("history")} part=${history.done / history.total} counts=${`${number(history.done)}/${number(history.total)}`} />`}
    ${facts && unfolded.value && html`<${Facts} facts=${facts} />`}
  </section>`;
}
