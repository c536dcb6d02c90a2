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
    fetch: (url, init) => fetch(url, init),
    clock: () => ({ wall: Date.now(), mono: performance.now() }),
    random: Math.random,
    timers: { set: (act, delay) => setTimeout(act, delay), clear: (handle) => clearTimeout(handle) },
    events: "document" in globalThis ? events : () => () => {},
    report: (error) => (globalThis.reportError ?? console.error)(error),
  };
}

/** @type {World["events"]} */
function events(tell) {
  const stop = new AbortController();
  const { signal } = stop;
  addEventListener("online", () => tell("online"), { signal });
  addEventListener("offline", () => tell("offline"), { signal });
  addEventListener("pagehide", () => tell("hide"), { signal });
  addEventListener("pageshow", () => tell("show"), { signal });
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && tell("visible"), { signal });
  return () => stop.abort();
}
