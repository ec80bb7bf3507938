/** Questions to the statistics API, with the operator's token if there is one. */
import { signal } from "./lib.js";

const TOKEN = "pulse.token";

/** Whether the server asks for a token, and whether the one that was given is refused. */
export const access = signal({ asked: false, refused: false });

export class Unanswered extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

export function enterToken(token) {
  sessionStorage.setItem(TOKEN, token);
  access.value = { asked: false, refused: false };
}

/** The answer to a request as it comes. Throws Unanswered for anything but success. */
export async function request(path, { headers = {}, ...options } = {}) {
  const token = sessionStorage.getItem(TOKEN);
  const answer = await fetch(path, { ...options, headers: { ...headers, ...(token ? { Authorization: `Bearer ${token}` } : {}) } });
  if (answer.ok) return answer;
  if (answer.status === 401 || answer.status === 403) access.value = { asked: true, refused: token !== null };
  const problem = await answer.json().catch(() => ({}));
  throw new Unanswered(answer.status, problem.detail ?? problem.title ?? answer.statusText);
}

export const ask = async (path, options) => (await request(path, options)).json();
