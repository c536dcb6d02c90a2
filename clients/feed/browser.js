/**
 * The only module here that names what a browser or Node has of its own; the rest is given it.
 *
 * @import { World } from "./frames.d.ts"
 */

/** @returns {World} */
export function browser() {
  const { WebSocket, EventSource, fetch } = globalThis;
  return {
    WebSocket,
    EventSource,
    fetch,
    clock: () => ({ wall: Date.now(), mono: performance.now() }),
    random: Math.random,
    timers: { set: (act, delay) => setTimeout(act, delay), clear: (handle) => clearTimeout(handle) },
    events,
    report: globalThis.reportError ?? console.error,
  };
}

/** Node has none of these events. @type {World["events"]} */
function events(tell) {
  const stop = new AbortController();
  const { signal } = stop;
  for (const name of /** @type {const} */ (["online", "offline", "pagehide", "pageshow", "visibilitychange"])) {
    globalThis.addEventListener?.(name, () => (name === "visibilitychange" && document.hidden) || tell(name), { signal });
  }
  return () => stop.abort();
}
