/** What opens over the page: definitions, the keyboard, the token. */
import { access, enterToken } from "../api.js";
import { html, signal, useEffect, useRef } from "../lib.js";
import { restart } from "../live.js";
import * as store from "../store.js";
import { said, t } from "../words.js";
import { defining } from "./figure.js";
import { Icon } from "./icons.js";

export const helping = signal(false);

function Dialog({ title, onClose, children }) {
  const element = useRef(null);
  useEffect(() => {
    const before = document.activeElement;
    element.current.showModal();
    return () => before?.isConnected && before.focus();
  }, []);
  const close = () => onClose?.();
  return html`<dialog ref=${element} aria-labelledby="dialog-title" onCancel=${(event) => (onClose ? close() : event.preventDefault())} onClose=${close} onClick=${(event) => event.target === element.current && close()}>
    <div class="dialog">
      <div class="dialog-head">
        <h2 id="dialog-title">${title}</h2>
        ${onClose && html`<button type="button" class="quiet" aria-label=${t("close")} onClick=${close}><${Icon} name="close" /></button>`}
      </div>
      ${children}
    </div>
  </dialog>`;
}

function Definition({ metric, alone }) {
  const named = (id) => said(store.metrics.value.get(id), "title");
  const by = metric.factor === 100 ? " × 100%" : metric.factor ? ` × ${metric.factor}` : "";
  return html`<div class="definition">
    ${!alone && html`<h3>${said(metric, "title")}</h3>`}
    <p>${said(metric, "explanation")}</p>
    <p class="muted">
      ${t("definition_unit")}: ${said(metric, "unit")}. ${metric.kind === "level" && `${t("level_note")} `}${t(`good_${metric.good}`)}
      ${metric.kind === "ratio" && html`<br />${t("definition_ratio")}: ${named(metric.numerator)} / ${named(metric.denominator)}${by}`}
    </p>
  </div>`;
}

function Definitions() {
  const metrics = defining.value;
  const title = metrics.length === 1 ? said(metrics[0], "title") : t("definitions");
  return html`<${Dialog} title=${title} onClose=${() => (defining.value = null)}>
    ${metrics.map((metric) => html`<${Definition} key=${metric.id} metric=${metric} alone=${metrics.length === 1} />`)}
  <//>`;
}

const KEYS = [
  [["/"], "key_search"],
  [["j", "k"], "key_rows"],
  [["Enter"], "key_open"],
  [["g", "c"], "key_city"],
  [["p"], "key_pause"],
  [["Esc"], "key_close"],
  [["?"], "key_help"],
];

const Help = () => html`<${Dialog} title=${t("help_title")} onClose=${() => (helping.value = false)}>
  <dl class="keys">
    ${KEYS.map(([keys, meaning]) => html`<div key=${meaning}><dt>${keys.map((key) => html`<kbd key=${key}>${key}</kbd>${" "}`)}</dt><dd>${t(meaning)}</dd></div>`)}
  </dl>
  <h3>${t("help_reading")}</h3>
  <ul class="reading"><li>${t("help_fresh")}</li><li>${t("help_change")}</li><li>${t("help_zero")}</li></ul>
<//>`;

function Token() {
  const enter = (event) => {
    event.preventDefault();
    const token = new FormData(event.currentTarget).get("token").trim();
    if (!token) return;
    enterToken(token);
    restart();
  };
  return html`<${Dialog} title=${t("token_title")}>
    <form class="token" onSubmit=${enter}>
      <p>${t("token_text")}</p>
      <label for="token">${t("token_label")}</label>
      <input id="token" name="token" type="password" autocomplete="off" required aria-describedby=${access.value.refused ? "token-wrong" : undefined} aria-invalid=${access.value.refused} />
      ${access.value.refused && html`<p id="token-wrong" class="bad" role="alert">${t("token_wrong")}</p>`}
      <button type="submit" class="primary">${t("token_enter")}</button>
    </form>
  <//>`;
}

export function Dialogs() {
  if (access.value.asked) return html`<${Token} key="token" />`;
  if (helping.value) return html`<${Help} key="help" />`;
  if (defining.value) return html`<${Definitions} key="definitions" />`;
  return null;
}
