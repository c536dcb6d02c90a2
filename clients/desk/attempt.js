/**
 * One attempt to send what lies in the outbox: the request that it becomes, and what the response means.
 *
 *   response                        means
 *   ──────────────────────────────  ───────────────────────────────────────────────
 *   201 or 200 with a receipt       kept
 *   401                             signed out: it waits for its author
 *   429                             limited: not kept, send it again later
 *   503                             unavailable: perhaps kept, send it again
 *   500, 501                        failed: perhaps kept, send it again a few times
 *   any other 4xx with a problem    refused
 *   none, or anything else          unknown: perhaps kept, send it again
 *
 * @import { Change, Item, Outcome, Problem } from "./item.d.ts"
 */

/** An attempt is given up after this, before its tab's lease is over. Milliseconds. */
export const TIMEOUT = 10_000;

/** Seconds to wait after a 503 or 429 that says nothing of it, and at most. */
const REST = 1;
const MAX_REST = 60;

/** @type {Record<Change["kind"], (change: any) => {method: string, path: string, revision?: number}>} */
const ROUTES = {
  file: () => ({ method: "POST", path: "/dispatches" }),
  correct: ({ id, revision }) => ({ method: "PATCH", path: `/dispatches/${id}`, revision }),
  kill: ({ id }) => ({ method: "POST", path: `/dispatches/${id}/kill` }),
  edit: ({ id, revision }) => ({ method: "PATCH", path: `/held/${id}`, revision }),
  spike: ({ id }) => ({ method: "DELETE", path: `/held/${id}` }),
};

/**
 * @param {string} base the service's URL
 * @param {Item} item
 * @returns {[url: string, init: RequestInit]}
 */
export function request(base, { key, person, feed, change }) {
  const { method, path, revision } = ROUTES[change.kind](change);
  const headers = {
    "content-type": "application/json",
    "idempotency-key": `"${key}"`,
    "ticker-person": person, // the cookie may be somebody else's by now: then it is refused
    ...(revision !== undefined && { "if-match": `"${revision}"` }),
  };
  const url = `${base}/v1/feeds/${encodeURIComponent(feed)}${path}`;
  // A page that is closed lets it finish; cookies alone say who this is.
  return [url, { method, headers, body: change.body, credentials: "same-origin", cache: "no-store", redirect: "error", keepalive: true }];
}

/**
 * @param {number} status
 * @param {Headers} headers
 * @param {any} body parsed JSON, or undefined
 * @returns {Outcome}
 */
export function outcome(status, headers, body) {
  const after = Math.min(Number(headers.get("retry-after")) || REST, MAX_REST);
  if (status === 200 || status === 201) {
    return typeof body?.id === "string" ? { is: "kept", receipt: body } : { is: "unknown" };
  }
  if (status === 429) return { is: "limited", after };
  if (status === 503) return { is: "unavailable", after };
  // A captive portal or a proxy answers in its own words: those say nothing about the dispatch.
  if (!isProblem(body)) return { is: "unknown" };
  if (status === 401) return { is: "signed-out" };
  if (status === 408) return { is: "unknown" };
  if (status >= 500) return { is: "failed" };
  const { type, detail, revision, errors, held } = body;
  const fields = Array.isArray(errors) ? errors.map(({ field }) => ({ field: String(field) })) : undefined;
  return { is: "refused", problem: { type, detail, status, revision, ...(fields && { errors: fields }), ...(held ? { held: true } : {}) } };
}

/** @param {any} body @returns {body is Problem} */
export const isProblem = (body) => typeof body?.type === "string" && typeof body.detail === "string";

/**
 * @typedef {(url: string, init: RequestInit) => Promise<Response>} Fetch
 *
 * @param {string} base
 * @param {Fetch} fetch
 * @param {{set: (act: () => void, delay: number) => unknown, clear: (handle: any) => void}} timers
 */
export function attempting(base, fetch, timers) {
  /** @param {Item} item @returns {Promise<Outcome>} */
  return async function attempt(item) {
    const stop = new AbortController();
    const timer = timers.set(() => stop.abort(), TIMEOUT);
    try {
      const [url, init] = request(base, item);
      const response = await fetch(url, { ...init, signal: stop.signal });
      const body = await response.json().catch(() => undefined);
      return outcome(response.status, response.headers, body);
    } catch {
      return { is: "unknown" };
    } finally {
      timers.clear(timer);
    }
  };
}
