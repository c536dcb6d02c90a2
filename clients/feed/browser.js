/**
 * The only module here that names the browser's own things; the rest is given them.
 *
 * @import { World } from "./frames.d.ts"
 */

/** @returns {World} */
export function browser() {
  const { WebSocket, EventSource } = globalThis;
  return {
    WebSocket,
    EventSource,
    clock: () => ({ wall: Date.now(), mono: performance.now() }),
    random: Math.random,
    timers: { set: (act, delay) => setTimeout(act, delay), clear: (handle) => clearTimeout(handle) },
    events,
  };
}

/** @type {World["events"]} */
function events(tell) {
  const stop = new AbortController();
  const { signal } = stop;
  const back = () => document.visibilityState === "visible" && tell("visible");
  addEventListener("online", () => tell("online"), { signal });
  addEventListener("pageshow", (event) => event.persisted && back(), { signal });
  document.addEventListener("visibilitychange", back, { signal });
  return () => stop.abort();
}
