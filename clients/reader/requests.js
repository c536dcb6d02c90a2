/**
 * Requests for what frames don't bring: a snapshot holds the newest dispatches only, and a pin an id only.
 *
 * @import { Dispatch } from "../feed/frames.d.ts"
 */

/** Never from a cache: it could have kept what was killed since, and no frame would tell of that again. */
const FRESH = /** @type {const} */ ({ cache: "no-store" });

/**
 * One request, repeated until it succeeds. A response that was overtaken by a newer request doesn't count.
 *
 * @template T
 * @param {() => Promise<T>} request
 * @param {(response: T) => void} take shows it; if it throws, the request is still pending
 * @param {(error: unknown) => void} [onfault] called with what it threw
 */
export function retrying(request, take, onfault = (error) => reportError(error)) {
  let latest = 0;
  let pending = false;

  async function send() {
    const mine = ++latest;
    pending = true;
    const response = await request().then((found) => ({ found }), () => null);
    if (!response || mine !== latest) return;
    try {
      take(response.found);
      pending = false;
    } catch (error) {
      onfault(error);
    }
  }

  /** Sends it again if it has not succeeded so far; to be called now and then. */
  async function retry() {
    if (pending) await send();
  }

  /** Ignores whatever comes. */
  function cancel() {
    latest += 1;
    pending = false;
  }

  return {
    send,
    retry,
    cancel,
    get pending() {
      return pending;
    },
  };
}

/**
 * One dispatch in its current revision, or its tombstone; undefined if it was never filed.
 *
 * @param {string} feed the URL of its feed
 * @param {string} id
 * @returns {Promise<Dispatch | undefined>}
 */
export async function fetchDispatch(feed, id) {
  const response = await fetch(`${feed}/dispatches/${id}`, FRESH);
  if (response.status === 404) return undefined;
  if (!response.ok && response.status !== 410) throw new Error(response.statusText);
  const found = await response.json();
  return response.ok ? found : found.dispatch;
}

/**
 * A page of a story's dispatches, newest first.
 *
 * @param {string} feed the URL of its feed
 * @param {{story: string, before?: string, limit: number}} page
 * @returns {Promise<{dispatches: Dispatch[], older: boolean}>} older: whether there are any
 */
export async function fetchStory(feed, { story, before, limit }) {
  const query = new URLSearchParams({ story, limit: `${limit}`, ...(before && { before }) });
  const response = await fetch(`${feed}/dispatches?${query}`, FRESH);
  if (!response.ok) throw new Error(response.statusText);
  const { dispatches } = await response.json();
  return { dispatches, older: response.headers.has("link") };
}
