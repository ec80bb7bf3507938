/** Server-sent events over fetch, because EventSource cannot carry a token. */

/** Reads a stream's text piece by piece and gives the events that are whole. Pure. */
export class Parser {
  #rest = "";
  #event = { type: "", data: [], id: null };

  push(text) {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop();
    return lines.map((line) => this.#line(line)).filter(Boolean);
  }

  #line(line) {
    if (line === "") return this.#finish();
    if (line.startsWith(":")) return null;
    const at = line.indexOf(":");
    const field = at < 0 ? line : line.slice(0, at);
    const value = at < 0 ? "" : line.slice(at + 1).replace(/^ /, "");
    if (field === "event") this.#event.type = value;
    else if (field === "data") this.#event.data.push(value);
    else if (field === "id" && !value.includes("\0")) this.#event.id = value;
    return null;
  }

  #finish() {
    const { type, data, id } = this.#event;
    this.#event = { type: "", data: [], id: null };
    return data.length ? { type: type || "message", data: data.join("\n"), id } : null;
  }
}

/** Reads events until the stream ends. `onBytes` hears of everything that arrives, comments included. */
export async function readEvents(body, { onEvent, onBytes }) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  const parser = new Parser();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    onBytes();
    for (const event of parser.push(value)) onEvent(event);
  }
}
