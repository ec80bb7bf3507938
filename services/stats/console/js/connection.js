/** Keeps one stream open: reconnects with the last id, backing off with jitter, and notices a stream that has gone quiet. */
import { request, Unanswered } from "./api.js";
import { readEvents } from "./events.js";

// The server says something every 2 s; four times that in silence and the line is dead, whatever TCP believes.
const SILENCE_MS = 8_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15_000;

/** Full jitter over the upper half: a room full of consoles does not come back at one instant. */
export const backoff = (attempt, random = Math.random) =>
  Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(attempt, 10)) * (0.5 + random() / 2);

/**
 * Follow a path until stopped. `onState` hears { phase, lostAt, retryAt }, with phase one of connecting, open, waiting
 * and refused. Gives a function that stops.
 */
export function follow(path, { onEvent, onState, onRejected }) {
  const stop = new AbortController();
  let lastId = null;
  let lostAt = null;
  let attempt = 0;
  let wakeUp = () => {};

  const tell = (phase, retryAt = null) => stop.signal.aborted || onState({ phase, lostAt, retryAt });

  async function once() {
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), SILENCE_MS);
    const heard = () => {
      clearTimeout(timer);
      timer = setTimeout(() => silence.abort(), SILENCE_MS);
    };
    try {
      const headers = { Accept: "text/event-stream", ...(lastId === null ? {} : { "Last-Event-ID": lastId }) };
      const answer = await request(path, { headers, cache: "no-store", signal: AbortSignal.any([stop.signal, silence.signal]) });
      heard();
      await readEvents(answer.body, {
        onBytes: heard,
        onEvent(event) {
          if (stop.signal.aborted) return;
          if (event.id !== null) lastId = event.id;
          if (lostAt !== null || attempt !== 0) [lostAt, attempt] = [null, 0];
          tell("open");
          onEvent(event);
        },
      });
    } finally {
      clearTimeout(timer);
    }
  }

  async function run() {
    while (!stop.signal.aborted) {
      tell("connecting");
      try {
        await once();
      } catch (error) {
        if (error instanceof Unanswered && error.status < 500 && error.status !== 429) {
          if (error.status === 401 || error.status === 403) tell("refused");
          else onRejected(error);
          return;
        }
      }
      if (stop.signal.aborted) return;
      lostAt ??= Date.now();
      const wait = backoff(attempt++);
      tell("waiting", Date.now() + wait);
      await new Promise((resolve) => {
        wakeUp = resolve;
        setTimeout(resolve, wait);
      });
    }
  }

  const online = () => wakeUp();
  addEventListener("online", online);
  run();
  return () => {
    stop.abort();
    removeEventListener("online", online);
    wakeUp();
  };
}
