/** What an operator is told about the figures: one level and the reasons, from what the server says and what the browser sees. Pure. */

const CUT_STALE_MS = 60_000;

/**
 * Gives { level, reasons: [{ say, ...values }] } with level one of
 * loading, live, behind, stale, rebuilding, cut, cut_long, paused, refused.
 */
export function judge({ connection, freshness, pushedAt, paused, now }) {
  if (connection.phase === "refused") return { level: "refused", reasons: [{ say: "say_refused" }] };
  if (connection.lostAt !== null) return cut(connection, pushedAt, now);
  if (freshness === null) return { level: "loading", reasons: [{ say: "say_loading" }] };
  const reasons = serverReasons(freshness);
  if (freshness.status === "rebuilding") return { level: "rebuilding", reasons: [{ say: "say_rebuilding" }, ...reasons] };
  if (freshness.status === "catching_up") return { level: "rebuilding", reasons: [{ say: "say_catching_up" }, ...reasons] };
  const level = freshness.level === "stale" ? "stale" : freshness.level === "behind" || reasons.length ? "behind" : "live";
  if (paused && pushedAt !== null) return { level: level === "stale" ? "stale" : "paused", reasons: [{ say: "say_paused", time: pushedAt }, ...reasons] };
  return { level, reasons: reasons.length ? reasons : [{ say: "say_live" }] };
}

function cut(connection, pushedAt, now) {
  if (pushedAt === null) return { level: "cut", reasons: [{ say: "say_cut_empty" }] };
  const level = now - connection.lostAt > CUT_STALE_MS ? "cut_long" : "cut";
  const seconds = connection.retryAt === null ? 0 : Math.ceil((connection.retryAt - now) / 1000);
  return { level, reasons: [{ say: seconds > 0 ? "say_cut" : "say_cut_now", time: pushedAt, seconds }] };
}

function workerReasons(worker) {
  if (worker?.stopped) return [{ say: "say_fold_stopped", reason: worker.stopped }];
  if (!worker?.silent) return [];
  if (worker.silent_since === null) return [{ say: "say_worker_never" }];
  return [{ say: "say_worker_silent", time: worker.silent_since, age: worker.silence_s }];
}

function serverReasons(freshness) {
  const reasons = freshness.broker_reachable === false ? [{ say: "say_broker" }] : [];
  reasons.push(...workerReasons(freshness.worker));
  const silent = freshness.topics.filter((topic) => topic.silent);
  if (silent.length) {
    const longest = Math.max(...silent.map((topic) => topic.heartbeat_age_s ?? 0));
    reasons.push({ say: "say_silent", topics: silent.map((topic) => topic.topic), age: longest || null });
  }
  const late = freshness.topics.filter((topic) => topic.level !== "ok" && topic.behind > 0);
  if (late.length) {
    reasons.push({
      say: "say_behind",
      topics: late.map((topic) => topic.topic),
      count: late.reduce((sum, topic) => sum + topic.behind, 0),
      time: late.map((topic) => topic.behind_since).filter(Boolean).sort()[0] ?? null,
    });
  }
  return reasons;
}
