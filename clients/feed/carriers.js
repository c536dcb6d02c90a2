/**
 * The ways a frame can travel, made to look alike: each opens a URL, hands on what arrives, tells once when it
 * is gone, and returns the way to hang up. After hanging up it tells nothing.
 *
 * @import { Instant, World } from "./frames.d.ts"
 *
 * @typedef {object} Target
 * @property {string} url of the feed, without a query
 * @property {(first: boolean) => string | null} after the position to resume from; null asks for a snapshot
 * @property {{address: string, when: Instant} | null} asked the last long-poll, whichever connection made it
 *
 * @typedef {object} Listener
 * @property {(data: unknown) => void} message one frame, as JSON or parsed
 * @property {(rest?: number) => void} gone with the seconds that the service wants to be left alone
 * @property {() => void} closed the feed is closed
 *
 * @typedef {(world: World, target: Target, listener: Listener) => () => void} Carrier
 */

import { longPoll } from "./poll.js";
import { TYPES } from "./read.js";

/** @param {Target} target */
function live({ url, after }) {
  const position = after(true);
  return `${url}/live${position === null ? "" : `?after=${encodeURIComponent(position)}`}`;
}

/** @type {Carrier} */
function webSocket({ WebSocket }, target, { message, gone }) {
  const socket = new /** @type {any} */ (WebSocket)(live(target).replace(/^http/, "ws"));
  socket.onmessage = (/** @type {MessageEvent} */ event) => message(event.data);
  socket.onclose = () => gone();
  return () => {
    socket.onmessage = socket.onclose = null;
    socket.close();
  };
}

/**
 * An EventSource would reconnect by itself, but at its own rhythm and without our jitter; so the first error
 * ends it.
 *
 * @type {Carrier}
 */
function eventStream({ EventSource }, target, { message, gone }) {
  const source = new /** @type {any} */ (EventSource)(live(target));
  let on = true;
  const hangUp = () => {
    on = false;
    source.close();
  };
  for (const type of TYPES) {
    source.addEventListener(type, (/** @type {MessageEvent} */ event) => on && message(event.data));
  }
  source.onerror = () => {
    if (!on) return;
    hangUp();
    gone();
  };
  return hangUp;
}

/**
 * In the order in which they are tried, each with what it needs of the world.
 *
 * @type {["WebSocket" | "EventSource" | "fetch", Carrier][]}
 */
export const CARRIERS = [["WebSocket", webSocket], ["EventSource", eventStream], ["fetch", longPoll]];
