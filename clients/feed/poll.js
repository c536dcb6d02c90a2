/**
 * The third way a frame can travel: long-poll, for networks that let neither a WebSocket nor an event stream
 * through, and for programs that have neither. Each response is the same for everybody at one position, so any
 * HTTP cache between may give it.
 *
 *   response       what it means
 *   ─────────────  ─────────────────────────────────────────────────────────────────────────────────────────
 *   200            frames in their order; then `at` counts as a beat, unless one of the frames was `delayed`
 *   204            nothing new; `Ticker-At` counts as a beat at the position asked for
 *   410            the feed is closed
 *   403, 404       refused: asked again after `Retry-After`, or REFUSED seconds
 *   other errors   asked again after `Retry-After`, or the usual random wait
 *   anything else  malformed
 *
 * @import { Carrier } from "./carriers.js"
 */

import { elapsed } from "./clock.js";

/** The same URL is never asked for twice within this. Milliseconds. */
const PACE = 1_000;

/** When to ask again after a refusal that only people can change, and the longest wait a server may ask for. Seconds. */
const REFUSED = 30;
const LONGEST = 3_600;

/** @type {Carrier} */
export function longPoll({ clock, timers, ...world }, target, { message, gone, closed }) {
  const stop = new AbortController();
  const { signal } = stop;
  /** @type {unknown} */
  let pause;

  /** @param {boolean} first the first request of a connection may have to ask for a snapshot */
  async function ask(first) {
    const after = target.after(first);
    const address = `${target.url}/changes${after === null ? "" : `?after=${encodeURIComponent(after)}&wait=10`}`;
    const { asked } = target;
    const wait = asked?.address === address ? PACE - elapsed(asked.when, clock()) : 0;
    if (wait > 0) {
      pause = timers.set(() => ask(first), wait);
      return;
    }
    target.asked = { address, when: clock() };
    try {
      const response = await /** @type {NonNullable<typeof world.fetch>} */ (world.fetch)(address, { signal, credentials: "omit" });
      const { status, headers } = response;
      const text = await response.text();
      if (signal.aborted) return;
      if (status === 410) return closed();
      if (status >= 400) return gone(Math.min(LONGEST, Number(headers.get("Retry-After")) || (status < 429 ? REFUSED : 0)));
      for (const frame of status === 204 ? [proof(after, headers.get("Ticker-At"))] : unpack(text)) {
        message(frame);
        if (signal.aborted) return;
      }
    } catch {
      if (!signal.aborted) gone();
      return;
    }
    ask(false);
  }

  ask(true);
  return () => {
    stop.abort();
    timers.clear(pause);
  };
}

/** @param {string} text @returns {unknown[]} frames; null is a malformed one */
function unpack(text) {
  try {
    const { frames, position, at } = JSON.parse(text);
    const behind = frames.some((/** @type {any} */ frame) => frame.type === "delayed");
    return [...frames, proof(position, behind ? null : at)];
  } catch {
    return [null];
  }
}

/**
 * A response without a time proves nothing, but breaks the silence as any frame does.
 *
 * @param {string | null} position
 * @param {string | null} at
 */
function proof(position, at) {
  return at ? { type: "beat", position, at } : { type: "none" };
}
