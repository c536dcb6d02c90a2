/**
 * The transports behind one interface: each opens a URL, passes on what arrives, reports once that the connection
 * is lost, and returns the function that closes it. After that it reports nothing.
 *
 * @import { World } from "./frames.d.ts"
 * @import { Target } from "./target.js"
 *
 * @typedef {object} Listener
 * @property {(data: unknown) => void} message one frame, as JSON or parsed
 * @property {(rest?: number) => void} lost with the seconds that the service wants to be left alone
 * @property {() => void} closed the feed is closed: there is nothing to come
 *
 * @typedef {World & {fetch: NonNullable<World["fetch"]>}} Reachable
 *
 * @typedef {(world: Reachable, target: Target, listener: Listener) => () => void} Transport
 */

import { longPoll } from "./poll.js";
import { TYPES } from "./read.js";
import { address } from "./target.js";

/** @type {Transport} */
function webSocket({ WebSocket }, target, { message, lost }) {
  const socket = new /** @type {any} */ (WebSocket)(address(target, "live", target.after(true)).replace(/^http/, "ws"));
  socket.onmessage = (/** @type {MessageEvent} */ event) => message(event.data);
  socket.onclose = () => lost();
  return () => {
    socket.onmessage = socket.onclose = null;
    socket.close();
  };
}

/**
 * An EventSource would reconnect by itself, but at its own rhythm and without our jitter; so the first error
 * ends it.
 *
 * @type {Transport}
 */
function eventStream({ EventSource }, target, { message, lost }) {
  const source = new /** @type {any} */ (EventSource)(address(target, "live", target.after(true)));
  let open = true;
  for (const type of TYPES) {
    source.addEventListener(type, (/** @type {MessageEvent} */ event) => open && message(event.data));
  }
  source.onerror = () => open && lost();
  return () => {
    open = false;
    source.close();
  };
}

/**
 * In the order in which they are tried, each with what it needs of the world.
 *
 * @type {["WebSocket" | "EventSource" | "fetch", Transport][]}
 */
export const TRANSPORTS = [["WebSocket", webSocket], ["EventSource", eventStream], ["fetch", longPoll]];
