/**
 * The two ways a frame can travel, made to look alike: each opens a URL, hands on what arrives, tells once
 * when it is gone, and returns the way to hang up. After hanging up it tells nothing.
 *
 * @typedef {{message: (data: unknown) => void, gone: () => void}} Listener
 * @typedef {(make: any, url: string, listener: Listener) => () => void} Carrier
 */

import { TYPES } from "./read.js";

/** @type {Carrier} */
export function webSocket(WebSocket, url, { message, gone }) {
  const socket = new WebSocket(url.replace(/^http/, "ws"));
  socket.onmessage = (/** @type {MessageEvent} */ event) => message(event.data);
  socket.onclose = gone;
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
export function eventStream(EventSource, url, { message, gone }) {
  const source = new EventSource(url);
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
