/**
 * The only module here that uses globals of the browser or of Node; the others get them as parameters.
 *
 * @import { World, WorldEvent } from "./frames.d.ts"
 */

/** @returns {World} */
export function browser() {
  const { WebSocket, EventSource, fetch } = globalThis;
  return {
    WebSocket,
    EventSource,
    fetch,
    clock: () => [Date.now(), performance.now()],
    random: Math.random,
    timers: { set: (act, delay) => setTimeout(act, delay), clear: (handle) => clearTimeout(handle) },
    events,
    report: globalThis.reportError ?? console.error,
  };
}

/** Node has none of these events. @type {World["events"]} */
function events(listeners) {
  const stop = new AbortController();
  for (const name of /** @type {WorldEvent[]} */ (Object.keys(listeners))) {
    const listener = () => (name === "visibilitychange" && document.hidden) || listeners[name]();
    globalThis.addEventListener?.(name, listener, stop);
  }
  return () => stop.abort();
}
