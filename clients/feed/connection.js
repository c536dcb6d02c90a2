/**
 * One reader's line to a feed, kept up: it resumes by itself from the last position, and would rather
 * reconnect once too often than trust a path that has gone quiet.
 *
 *   what happens                                  what it does
 *   ────────────────────────────────────────────  ──────────────────────────────────────────────
 *   the carrier closes, or can't be opened        waits (full jitter), dials again
 *   13 s without a frame                          the same: the path is dead, whatever the socket says
 *   a malformed frame                             the same, from the last good position; from none if it recurs
 *   the machine slept, or its clock was set       dials at once
 *   the network is back                           dials at once
 *   the reader is back, and the tail isn't fresh  dials at once
 *   move                                          stays, and dials at a random moment within the time given
 *   WebSocket failed twice and never worked       dials for an event stream, until that fails too
 *
 * @import { Frame, World } from "./frames.d.ts"
 */

import { backoff } from "./backoff.js";
import { eventStream, webSocket } from "./carriers.js";
import { elapsed, slept } from "./clock.js";
import { read } from "./read.js";

/** A beat comes every 10 s; three more for a slow path. Milliseconds. */
export const SILENCE = 13_000;

/** How often the line is looked at. A machine that wakes shows it to no event that can be relied on. */
const LOOK = 1_000;

/** Tries before WebSocket counts as blocked on the way, and malformed frames before a position does. */
const ENOUGH = 2;

/**
 * @typedef {"connecting" | "open" | "waiting" | "closed"} LineState open means a good frame has arrived
 *
 * @typedef {object} Wishes
 * @property {string} url of the feed's live endpoint, http(s) and without a query
 * @property {string | null} [after] the position to resume from
 * @property {(frame: Frame) => void} onframe
 * @property {(state: LineState) => void} onstate
 *
 * @param {Wishes & World} wishes
 * @returns {{close: () => void}}
 */
export function connect({ url, after = null, onframe, onstate, clock, random, timers, events, ...makers }) {
  let position = after;
  let attempt = 0;
  let spoiled = 0;
  /** Whether each carrier has ever brought a frame, and how often in a row it brought none. */
  const record = { webSocket: { worked: false, failed: 0 }, eventStream: { worked: false, failed: 0 } };
  let kind = choose();
  let open = false;
  let waiting = false;
  let heard = clock();
  /** @type {() => void} */
  let hangUp = () => {};
  /** @type {unknown} */
  let redial;
  /** @type {unknown} */
  let watch;

  /** @returns {keyof typeof record} */
  function choose() {
    if (!makers.EventSource) return "webSocket";
    if (!makers.WebSocket) return "eventStream";
    const { webSocket, eventStream } = record;
    const blocked = !webSocket.worked && webSocket.failed >= ENOUGH;
    if (blocked && !eventStream.worked && eventStream.failed) webSocket.failed = eventStream.failed = 0;
    else if (blocked) return "eventStream";
    return "webSocket";
  }

  function address() {
    const target = new URL(url);
    if (position !== null && spoiled < ENOUGH) target.searchParams.set("after", position);
    return target.href;
  }

  function dial() {
    hush();
    kind = choose();
    open = waiting = false;
    heard = clock();
    onstate("connecting");
    watch = timers.set(look, LOOK);
    const listener = { message, gone };
    try {
      hangUp = kind === "webSocket"
        ? webSocket(makers.WebSocket, address(), listener)
        : eventStream(makers.EventSource, address(), listener);
    } catch {
      gone();
    }
  }

  /** @param {unknown} data */
  function message(data) {
    const now = clock();
    if (slept(heard, now)) return dialAfresh();
    let frame;
    try {
      frame = read(data);
    } catch {
      spoiled += 1;
      return gone();
    }
    heard = now;
    if (!open) {
      open = true;
      record[kind] = { worked: true, failed: 0 };
      onstate("open");
    }
    if (frame) take(frame);
  }

  /** @param {Frame} frame */
  function take(frame) {
    if (frame.type === "beat") attempt = spoiled = 0;
    if (frame.type === "move") {
      timers.clear(redial);
      redial = timers.set(dial, random() * frame.within);
    }
    onframe(frame);
    if ("position" in frame) position = frame.position;
  }

  function gone() {
    if (!open) record[kind].failed += 1;
    hush();
    waiting = true;
    onstate("waiting");
    redial = timers.set(dial, backoff(attempt, random));
    attempt += 1;
  }

  function dialAfresh() {
    attempt = 0;
    dial();
  }

  function look() {
    const now = clock();
    if (slept(heard, now)) return dialAfresh();
    if (elapsed(heard, now) >= SILENCE) return gone();
    watch = timers.set(look, LOOK);
  }

  function hush() {
    hangUp();
    hangUp = () => {};
    timers.clear(redial);
    timers.clear(watch);
  }

  const deafen = events((name) => {
    const now = clock();
    const fresh = !waiting && !slept(heard, now) && elapsed(heard, now) < SILENCE;
    if (name === "online" || !fresh) dialAfresh();
  });
  dial();
  return {
    close() {
      deafen();
      hush();
      onstate("closed");
    },
  };
}
