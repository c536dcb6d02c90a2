/**
 * The ways a frame can travel, made to look alike: each opens a URL, hands on what arrives, tells once when it
 * is gone, and returns the way to hang up. After hanging up it tells nothing.
 *
 * @import { World } from "./frames.d.ts"
 * @import { Target } from "./target.js"
 *
 * @typedef {object} Listener
 * @property {(data: unknown) => void} message one frame, as JSON or parsed
 * @property {(rest?: number) => void} gone with the seconds that the service wants to be left alone
 * @property {() => void} closed the feed is closed: there is nothing to come
 *
 * @typedef {World & {fetch: NonNullable<World["fetch"]>}} Reachable
 *
 * @typedef {(world: Reachable, target: Target, listener: Listener) => () => void} Carrier
 */

import { longPoll } from "./poll.js";
import { TYPES } from "./read.js";
import { address } from "./target.js";

/** @type {Carrier} */
function webSocket({ WebSocket }, target, { message, gone }) {
  const socket = new /** @type {any} */ (WebSocket)(address(target, "live", target.after(true)).replace(/^http/, "ws"));
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
  const source = new /** @type {any} */ (EventSource)(address(target, "live", target.after(true)));
  let on = true;
  for (const type of TYPES) {
    source.addEventListener(type, (/** @type {MessageEvent} */ event) => on && message(event.data));
  }
  source.onerror = () => on && gone();
  return () => {
    on = false;
    source.close();
  };
}

/**
 * In the order in which they are tried, each with what it needs of the world.
 *
 * @type {["WebSocket" | "EventSource" | "fetch", Carrier][]}
 */
export const CARRIERS = [["WebSocket", webSocket], ["EventSource", eventStream], ["fetch", longPoll]];
