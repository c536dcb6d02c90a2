/**
 * Requests of the desk that need no outbox, because they make no sense later: who I am, what is held, pin, air.
 *
 * @import { Problem } from "./item.d.ts"
 */

import { isProblem } from "./attempt.js";
import { randomKey } from "./random-key.js";

/** A response that takes longer is given up. Milliseconds. */
const TIMEOUT = 10_000;

/**
 * @typedef {object} Answer
 * @property {number} status 0 if there was none
 * @property {any} body parsed JSON, if it was that
 * @property {Problem | null} problem
 *
 * @typedef {(method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>} Api
 *
 * @param {string} base the service's URL
 * @param {() => string | null} person id of the one for whom this page is, null for nobody
 * @param {(status: number) => void} onanswer
 * @param {typeof globalThis.fetch} [send]
 * @returns {Api}
 */
export function requests(base, person, onanswer, send = (url, init) => fetch(url, init)) {
  return async function request(method, path, body, headers = {}) {
    const changes = method !== "GET" && path.startsWith("/v1/");
    const who = path === "/desk/session" && method !== "DELETE" ? null : person(); // there the service says who it is
    try {
      const response = await send(base + path, {
        method,
        headers: {
          ...(body !== undefined && { "content-type": "application/json" }),
          ...named(who),
          ...(changes && { "idempotency-key": `"${randomKey()}"` }),
          ...headers,
        },
        body: body === undefined ? null : JSON.stringify(body),
        credentials: "same-origin",
        cache: "no-store",
        signal: AbortSignal.timeout(TIMEOUT),
      });
      const text = await response.text();
      const found = parse(text);
      onanswer(response.status);
      return { status: response.status, body: found, problem: response.ok || !isProblem(found) ? null : found };
    } catch {
      return { status: 0, body: undefined, problem: null };
    }
  };
}

/**
 * For whom a request is meant: somebody else may have signed in in another tab, and the cookie is theirs now. Then the
 * service refuses it.
 *
 * @param {string | null | undefined} person
 * @returns {Record<string, string>} headers
 */
export const named = (person) => (person ? { "ticker-person": person } : {});

/** @param {string} text */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
