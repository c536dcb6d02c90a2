/**
 * The desk's stream: the frames of the feed, which clients/feed follows, and frames of type `desk`, which only the desk
 * gets. Each of those has the full state of its kind.
 *
 * @import { World } from "../feed/frames.d.ts"
 *
 * @typedef {{id: string, name: string}} Person
 * @typedef {Person & {since: string, feed_filed: {id: string, at: string} | null}} Present
 * @typedef {object} Held
 * @property {string} id
 * @property {string} text
 * @property {string} [source]
 * @property {string} urgency
 * @property {string} language
 * @property {string} release_at
 * @property {string | null} [parked] since when it waits for an editor, as a key that wrote it was revoked
 * @property {string} by
 * @property {number} revision
 *
 * @typedef {{id: string, revision: number, asked_by: Person, confirm_by: string}} Flash
 * @typedef {Person & {mine: boolean}} Filed
 *
 * @typedef {object} Delivery
 * @property {string} [filed]
 * @property {string | null} [kept]
 * @property {number} [nodes]
 * @property {number} [readers]
 * @property {{p50: number | null, p99: number | null} | null} [fan_out_ms]
 *
 * @typedef {{type: "desk", kind: "presence", people: Present[]}
 *   | {type: "desk", kind: "held", held: Held[]}
 *   | {type: "desk", kind: "flash", flashes: Flash[]}
 *   | {type: "desk", kind: "filed", filed: Record<string, Filed>}
 *   | {type: "desk", kind: "delivery", id: string, delivery: Delivery}} DeskFrame
 */

const LIVE = /\/live(?=\?|$)/;

/** @param {string} url of the readers' stream */
export const deskAddress = (url) => url.replace(LIVE, "/desk/live");

/**
 * What a feed is followed with, so that its stream is the desk's: WebSocket or event stream with the cookie that the
 * browser sends, and long-poll, which brings the feed alone.
 *
 * @param {(frame: DeskFrame) => void} ondesk
 * @param {typeof globalThis} world
 * @returns {Pick<World, "WebSocket" | "EventSource" | "fetch">}
 */
export function deskWorld(ondesk, world = globalThis) {
  /** @param {unknown} data */
  function take(data) {
    if (typeof data !== "string" || !data.includes('"desk"')) return;
    try {
      const frame = JSON.parse(data);
      if (frame.type === "desk") ondesk(frame);
    } catch (error) {
      world.reportError(error);
    }
  }

  // Classes, as minifiers make arrows of functions, and an arrow is no constructor.
  class DeskSocket {
    /** @param {string} url */
    constructor(url) {
      const socket = new world.WebSocket(deskAddress(url));
      socket.addEventListener("message", ({ data }) => take(data));
      return socket;
    }
  }

  class DeskEvents {
    /** @param {string} url */
    constructor(url) {
      const source = new world.EventSource(deskAddress(url));
      source.addEventListener("desk", ({ data }) => take(data));
      return source;
    }
  }

  return {
    WebSocket: /** @type {any} */ (DeskSocket),
    EventSource: /** @type {any} */ (DeskEvents),
    fetch: (url, init) => world.fetch(url, { ...init, credentials: "same-origin" }),
  };
}
