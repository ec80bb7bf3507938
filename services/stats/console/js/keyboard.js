/** Keys that work anywhere outside of a field. */
import * as address from "./address.js";
import * as store from "./store.js";
import { defining } from "./views/figure.js";
import { helping } from "./views/dialogs.js";

// "g" waits this long for the key that says where to go.
const SEQUENCE_MS = 1_000;
let goingUntil = 0;

function step(by) {
  const links = [...document.querySelectorAll(".grid a.unit")];
  if (!links.length) return;
  const at = links.indexOf(document.activeElement);
  const next = links[at < 0 ? 0 : Math.min(Math.max(at + by, 0), links.length - 1)];
  next.focus({ preventScroll: true });
  next.closest("tr").scrollIntoView({ block: "nearest" });
}

function escape() {
  if (address.query.value && document.activeElement?.id === "search") address.go({ q: null }, { replace: true });
  else if (address.unit.value !== null) closePanel();
  else document.activeElement?.blur();
}

function closePanel() {
  const code = address.unit.value;
  address.go({ unit: null });
  document.querySelector(`.grid tr[data-unit="${CSS.escape(code)}"] a.unit`)?.focus({ preventScroll: true });
}

const KEYS = {
  "/": () => document.getElementById("search").focus(),
  "?": () => (helping.value = true),
  j: () => step(1),
  k: () => step(-1),
  p: () => store.setPaused(!store.paused.value),
  g: () => (goingUntil = Date.now() + SEQUENCE_MS),
};

export function start() {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (document.querySelector("dialog[open]")) return;
    if (event.key === "Escape") return escape();
    if (event.target.closest("input, select, textarea")) return;
    if (event.key === "c" && Date.now() < goingUntil) {
      event.preventDefault();
      goingUntil = 0;
      defining.value = null;
      address.go({ unit: null, q: null });
      scrollTo({ top: 0 });
      return;
    }
    const act = KEYS[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}
