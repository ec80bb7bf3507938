/** Starts the console. */
import * as address from "./address.js";
import { effect, Fragment, html, render } from "./lib.js";
import * as keyboard from "./keyboard.js";
import * as live from "./live.js";
import * as order from "./order.js";
import * as store from "./store.js";
import { t } from "./words.js";
import * as announcer from "./views/announcer.js";
import { Dialogs } from "./views/dialogs.js";
import { Freshness, label } from "./views/freshness.js";
import { Header } from "./views/header.js";
import { Headline } from "./views/headline.js";
import * as panel from "./views/panel.js";
import { Table } from "./views/table.js";
import { Windows } from "./views/windows.js";

const Failure = () =>
  store.failure.value === null
    ? null
    : html`<div role="alert" class="note bad failure">
        <p><strong>${t("failed")}.</strong> ${store.failure.value}</p>
        <button type="button" class="button" onClick=${() => address.go({ window: null, from: null, to: null })}>${t("back_to_default")}</button>
      </div>`;

const Page = () => html`<${Fragment}>
  <a class="skip" href="#communes">${t("skip")}</a>
  <${Header} />
  <${Freshness} />
  <div class="body">
    <main class=${store.dimmed.value ? "dimmed" : ""}>
      <${Windows} />
      <${Failure} />
      <${Headline} />
      <${Table} />
    </main>
    <${panel.Panel} />
  </div>
  <${announcer.Announcer} />
  <${Dialogs} />
<//>`;

effect(() => {
  document.documentElement.lang = address.lang.value;
  document.title = [label(store.level.value), store.cityName.value, t("product")].filter(Boolean).join(" · ");
});
live.start();
order.start();
panel.start();
announcer.start();
keyboard.start();
render(html`<${Page} />`, document.getElementById("page"));
