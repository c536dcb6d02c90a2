/**
 * The third way a frame can travel: long-poll, for networks that let neither a WebSocket nor an event stream
 * through, and for programs that have neither. Each response is the same for everybody at one position, so any
 * HTTP cache between may give it.
 *
 *   response       what it means
 *   ─────────────  ─────────────────────────────────────────────────────────────────────────────────────────
 *   200            frames in their order; then `at` counts as a beat, unless one of the frames was `delayed`
 *   204            nothing new; `Ticker-At` counts as a beat at the requested position
 *   410            the feed is closed
 *   other errors   requested again after `Retry-After` and the usual random wait
 *   anything else  malformed
 *
 * @import { Frame } from "./frames.d.ts"
 * @import { Transport } from "./transports.js"
 */

import { elapsed } from "./clock.js";
import { address } from "./target.js";

/** The same URL is never requested twice within this. Milliseconds. */
const PACE = 1_000;

/** @type {Transport} */
export function longPoll({ fetch, clock, timers }, target, { message, lost, closed }) {
  const stop = new AbortController();
  const { signal } = stop;
  /** @type {unknown} */
  let pause;

  /** @param {boolean} [first] the first request of a connection may have to ask for a snapshot */
  async function poll(first) {
    const after = target.after(first);
    const url = address(target, "changes", after, "&wait=10");
    const wait = target.when && target.asked === url ? PACE - elapsed(target.when, clock()) : 0;
    if (wait > 0) {
      pause = timers.set(() => poll(first), wait);
      return;
    }
    target.asked = url;
    target.when = clock();
    let text;
    try {
      const response = await fetch(url, { signal, credentials: "omit" });
      const { status, headers } = response;
      text = await response.text();
      if (signal.aborted) return;
      if (status === 410) return closed();
      if (status >= 400) return lost(Number(headers.get("Retry-After")) || 0);
      const { frames, position, at } =
        status === 204 ? { frames: [], position: after, at: headers.get("Ticker-At") } : JSON.parse(text);
      const proof = at && !frames.some((/** @type {Frame} */ { type }) => type === "delayed");
      // Without a proof it still breaks the silence, as any frame does.
      for (const frame of [...frames, proof ? { type: "beat", position, at } : { type: "none" }]) {
        message(frame);
        if (signal.aborted) return;
      }
    } catch {
      if (signal.aborted) return;
      if (text === undefined) lost();
      else message(null);
      return;
    }
    poll();
  }

  poll(true);
  return () => {
    stop.abort();
    timers.clear(pause);
  };
}
