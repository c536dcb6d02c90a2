/**
 * What frames don't bring, asked of the service: a snapshot holds the newest lines only, and a pin an id only.
 *
 * @import { Dispatch } from "../feed/frames.d.ts"
 */

/** Never from a cache: it could have kept what was killed since, and no frame would tell of that again. */
const FRESH = /** @type {const} */ ({ cache: "no-store" });

/**
 * One question, asked until it is answered. An answer that was overtaken by a newer question doesn't count.
 *
 * @template T
 * @param {() => Promise<T>} question
 * @param {(answer: T) => void} take shows it; if it throws, the answer is still owed
 * @param {(error: unknown) => void} [onfault] called with what it threw
 */
export function asking(question, take, onfault = (error) => reportError(error)) {
  let latest = 0;
  let owed = false;

  async function ask() {
    const mine = ++latest;
    owed = true;
    const answer = await question().then((found) => ({ found }), () => null);
    if (!answer || mine !== latest) return;
    try {
      take(answer.found);
      owed = false;
    } catch (error) {
      onfault(error);
    }
  }

  /** Asks anew if no answer came so far; to be called now and then. */
  async function again() {
    if (owed) await ask();
  }

  /** Whatever comes is of no use any more. */
  function drop() {
    latest += 1;
    owed = false;
  }

  return {
    ask,
    again,
    drop,
    get owed() {
      return owed;
    },
  };
}

/**
 * One dispatch as it stands, or its tombstone; undefined if it was never filed.
 *
 * @param {string} feed the URL of its feed
 * @param {string} id
 * @returns {Promise<Dispatch | undefined>}
 */
export async function dispatch(feed, id) {
  const answer = await fetch(`${feed}/dispatches/${id}`, FRESH);
  if (answer.status === 404) return undefined;
  if (!answer.ok && answer.status !== 410) throw new Error(answer.statusText);
  const found = await answer.json();
  return answer.ok ? found : found.dispatch;
}

/**
 * A page of a story's dispatches, newest first.
 *
 * @param {string} feed the URL of its feed
 * @param {{story: string, before?: string, limit: number}} page
 * @returns {Promise<{dispatches: Dispatch[], older: boolean}>} older: whether there are any
 */
export async function chapters(feed, { story, before, limit }) {
  const query = new URLSearchParams({ story, limit: `${limit}`, ...(before && { before }) });
  const answer = await fetch(`${feed}/dispatches?${query}`, FRESH);
  if (!answer.ok) throw new Error(answer.statusText);
  const { dispatches } = await answer.json();
  return { dispatches, older: answer.headers.has("link") };
}
