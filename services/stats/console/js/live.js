/** Asks the server for what the address names, and follows its changes. */
import * as address from "./address.js";
import { access, ask } from "./api.js";
import { columnsOf, followed } from "./catalogue.js";
import { follow } from "./connection.js";
import { batch, computed, effect, signal, untracked } from "./lib.js";
import * as store from "./store.js";

const RETRY_MS = 2_000;
const SPARKLINES_MS = 60_000;

/** Counts up with each token that is entered: everything is asked for again. */
export const session = signal(0);

const periodQuery = computed(() => new URLSearchParams(address.period.value).toString());

/** Asks until answered. A refusal waits for a token, which starts everything anew. */
async function insist(path, take, wanted) {
  while (wanted()) {
    try {
      const answer = await ask(path);
      if (wanted()) take(answer);
      return;
    } catch (error) {
      if (error.status !== undefined && error.status < 500) return;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

const byId = (list, key) => new Map(list.map((item) => [item[key], item]));

function loadReference() {
  const [city, attempt] = [address.city.value, session.value];
  const wanted = () => untracked(() => address.city.value === city && session.value === attempt);
  insist("/v1/metrics", (answer) => (store.metrics.value = byId(answer.metrics, "id")), wanted);
  insist(`/v1/units?city=${city}`, (answer) => (store.units.value = byId(answer.units, "code")), wanted);
  insist("/v1/windows", (answer) => (store.windows.value = answer.windows), wanted);
}

function followTable() {
  const metrics = store.metrics.value;
  const [city, period] = [address.city.value, periodQuery.value];
  void session.value;
  if (metrics === null) return undefined;
  untracked(store.forget);
  const path = `/v1/changes?city=${city}&${period}&metrics=${followed(metrics).join(",")}`;
  return follow(path, {
    onEvent({ type, data }) {
      const content = JSON.parse(data);
      if (type === "snapshot") store.takeSnapshot(content);
      else if (type === "changes") store.takeChanges(content);
      else if (type === "freshness") store.freshness.value = content;
    },
    onState: (state) => (store.connection.value = state),
    onRejected: (error) => (store.failure.value = error.message),
  });
}

/** The figure that the table draws over 14 days: the one it is sorted by if that can be counted, else its first. */
export const trendMetric = computed(() => {
  if (store.metrics.value === null) return null;
  const counted = columnsOf(address.columns.value, store.metrics.value).filter((metric) => metric.kind === "additive");
  return counted.find((metric) => metric.id === address.sort.value.by) ?? counted[0] ?? null;
});

function loadSparklines() {
  const [city, metric] = [address.city.value, trendMetric.value];
  void session.value;
  if (metric === null) return undefined;
  const load = async () => {
    const answer = await ask(`/v1/sparklines?city=${city}&metric=${metric.id}`).catch(() => null);
    if (answer !== null && untracked(() => trendMetric.value) === metric) store.sparklines.value = answer;
  };
  load();
  const timer = setInterval(load, SPARKLINES_MS);
  return () => clearInterval(timer);
}

export function start() {
  effect(loadReference);
  effect(followTable);
  effect(loadSparklines);
  effect(() => {
    if (access.value.asked) store.connection.value = { phase: "refused", lostAt: null, retryAt: null };
  });
  setInterval(() => (store.now.value = Date.now()), 1000);
  // A window of a campaign appears when it is launched; nobody should have to reload for it.
  setInterval(() => ask("/v1/windows").then((answer) => (store.windows.value = answer.windows), () => {}), SPARKLINES_MS);
}

export function restart() {
  batch(() => (session.value += 1));
}
