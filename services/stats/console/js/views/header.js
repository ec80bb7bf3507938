/** What stands on top: whose figures these are, the search, and how the page is read. */
import * as address from "../address.js";
import { former } from "../order.js";
import { html, signal } from "../lib.js";
import * as store from "../store.js";
import { t } from "../words.js";
import { helping } from "./dialogs.js";
import { Icon } from "./icons.js";

const systemDark = matchMedia("(prefers-color-scheme: dark)");
const theme = signal(document.documentElement.dataset.theme ?? (systemDark.matches ? "dark" : "light"));
systemDark.addEventListener("change", (event) => {
  if (!document.documentElement.dataset.theme) theme.value = event.matches ? "dark" : "light";
});

function switchTheme() {
  theme.value = theme.value === "dark" ? "light" : "dark";
  document.documentElement.dataset.theme = theme.value;
  localStorage.setItem("pulse.theme", theme.value);
}

function Former() {
  if (!former.value.length) return null;
  return html`<div class="former" role="status">
    <p class="label">${t("search_former")}</p>
    <ul>
      ${former.value.slice(0, 6).map(
        (unit) => html`<li key=${unit.code + unit.valid_to}>
          <span>${unit.name}${unit.district ? `, ${unit.district}` : ""}</span>${" "}
          <span class="muted">${t("now_part_of")}${" "}</span>
          ${unit.now.map(({ code, name }, at) => html`${at > 0 && ", "}<a href=${address.hrefWith({ unit: code })} onClick=${address.follow({ unit: code, q: null })}>${name}</a>`)}
        </li>`,
      )}
    </ul>
  </div>`;
}

function Search() {
  return html`<form class="search" role="search" onSubmit=${(event) => event.preventDefault()}>
    <${Icon} name="search" />
    <input
      id="search"
      type="search"
      autocomplete="off"
      spellcheck="false"
      aria-label=${t("search")}
      title=${t("search_hint")}
      placeholder=${t("search")}
      value=${address.query.value}
      onInput=${(event) => address.go({ q: event.currentTarget.value }, { replace: true })}
    />
    <kbd aria-hidden="true">/</kbd>
    <${Former} />
  </form>`;
}

export function Header() {
  const other = address.lang.value === "vi" ? "en" : "vi";
  const pause = store.paused.value;
  return html`<header class="top">
    <a class="brand" href=${address.hrefWith({ unit: null, q: null })} onClick=${address.follow({ unit: null, q: null })}>
      <span class="mark"><${Icon} name="pulse" /></span>
      <span class="names"><strong>${t("product")}</strong><span class="tagline">${t("tagline")}</span></span>
    </a>
    <h1>${store.cityName.value || html`<span class="skeleton" aria-hidden="true">Thành phố</span>`}</h1>
    <${Search} />
    <div class="tools">
      <button type="button" class="quiet" aria-pressed=${pause} aria-label=${t(pause ? "resume_label" : "pause_label")} onClick=${() => store.setPaused(!pause)}>
        <${Icon} name=${pause ? "play" : "pause"} /><span class="wide">${t(pause ? "resume" : "pause")}</span>
      </button>
      <a class="button quiet" lang=${other} hreflang=${other} href=${address.hrefWith({ lang: other })} onClick=${address.follow({ lang: other })}>
        <span class="wide">${t("language")}</span><abbr class="narrow" title=${t("language")}>${other.toUpperCase()}</abbr>
      </a>
      <button type="button" class="quiet" aria-label=${t(theme.value === "dark" ? "theme_light" : "theme_dark")} onClick=${switchTheme}>
        <${Icon} name=${theme.value === "dark" ? "sun" : "moon"} />
      </button>
      <button type="button" class="quiet" aria-label=${t("help")} onClick=${() => (helping.value = true)}><span class="question" aria-hidden="true">?</span></button>
    </div>
  </header>`;
}
