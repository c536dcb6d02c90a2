/**
 * One reader's connection to a feed, kept up: it resumes by itself from the last position applied, and would
 * rather reconnect once too often than trust a path that has gone quiet.
 *
 *   what happens                                  what it does
 *   ────────────────────────────────────────────  ──────────────────────────────────────────────
 *   the transport closes, or can't be opened      waits (full jitter), reconnects
 *   13 s without a frame                          the same: the path is dead, whatever the socket says
 *   a malformed frame, or one that can't be       the same, from the last good position;
 *   applied or shown                              from a snapshot after two in a row
 *   the machine slept, or its clock was set       gives a frame that lies in the socket a second; then as below
 *   the reader is back, and the path isn't fresh  reconnects at once
 *   the network is back                           reconnects at once
 *   the page is hidden for good, or put to sleep  disconnects until it is shown, or woken
 *   move                                          stays, and reconnects at a random moment within the time given
 *   beats keep their pace, and stay late          the same, within 30 s
 *   a transport failed twice and never worked     tries the next: WebSocket, event stream, long-poll
 *   the feed is closed                            stays disconnected, and asks once in a while if it was reopened
 *
 * @import { Frame, Instant, World } from "./frames.d.ts"
 * @import { Reachable } from "./transports.js"
 * @import { Target } from "./target.js"
 */

import { backoff, CAP } from "./backoff.js";
import { TRANSPORTS } from "./transports.js";
import { elapsed, slept } from "./clock.js";
import { FRESH } from "./freshness.js";
import { Malformed, read } from "./read.js";

/** A path without a frame for as long as a beat counts is dead. */
export { FRESH as SILENCE };

/** How often the connection is looked at. A machine that wakes shows it to no event that can be relied on. */
const LOOK = 1_000;

/** Attempts before a transport counts as blocked, and malformed frames before a position is given up. */
export const MAX_FAILURES = 2;

/** A closed feed is requested again after this, or up to twice as long. Milliseconds. */
const RECHECK = 60_000;

/** Why it stays disconnected: the consumer sleeps, the page is hidden (maybe in the back-forward cache), `close` was called. */
const SLEEP = 1;
const HIDE = 2;
const OVER = 4;

/**
 * - connecting, polling: a transport is being opened; open: it has brought a good frame
 * - waiting: until the next try, or to be woken
 * - closed: the feed is; over: this connection is, and reports nothing more
 * - unsure: the network went away, so earlier beats no longer prove anything; slept: the same, and the estimate of
 *   the clocks is in doubt
 *
 * @typedef {"connecting" | "polling" | "open" | "waiting" | "closed" | "over"} State
 * @typedef {Exclude<State, "over"> | "unsure" | "slept"} ConnectionState
 *
 * @typedef {object} Options
 * @property {string} url of the feed, http(s) and without a query
 * @property {string | null} [after] the position to resume from
 * @property {boolean} [closed] the feed is known to be closed
 * @property {(frame: Frame) => unknown} onframe applies and shows a frame; if it throws, the frame counts as malformed;
 *   true if the connection is to be made again soon
 * @property {(state: ConnectionState | undefined, faults: number) => void} onstate with the malformed frames in a row;
 *   every second without a state
 *
 * @typedef {object} Connection
 * @property {(error?: unknown) => void} fault something that came could not be shown
 * @property {() => void} sleep
 * @property {() => void} wake
 * @property {() => void} close
 *
 * @param {Options & World} options
 * @returns {Connection}
 */
export function connect({ url, after = null, closed, onframe, onstate, ...world }) {
  const { clock, random, timers, report } = world;
  const transports = TRANSPORTS.filter(([name]) => world[name]);
  let current = 0;
  /** How often the transport may fail before the next one is tried; one that worked is kept. */
  let chances = MAX_FAILURES;
  let attempt = 0;
  let faults = 0;
  /** Whether any beat ever came, and when this connection brought its last. */
  let proven = false;
  /** @type {Instant | null} */
  let lastBeat = null;
  /** @type {State} */
  let state = closed ? "closed" : "waiting";
  /** True while the service wants to be left alone. */
  let resting = false;
  /** Reasons to stay disconnected, as bits. */
  let parked = 0;
  let lastFrame = clock();
  let lastLook = lastFrame;
  let disconnect = () => {};
  /** The next try. @type {unknown} */
  let retry;
  /** The next look at the connection. @type {unknown} */
  let watch;

  /** @type {Target} */
  const target = {
    url,
    after: (first) => (first && (faults >= MAX_FAILURES || (state === "polling" && !proven)) ? null : after),
  };

  /** @param {number} delay */
  function retryIn(delay, act = reconnect) {
    timers.clear(retry);
    retry = timers.set(act, delay);
  }

  /** @param {number} delay */
  function lookIn(delay) {
    timers.clear(watch);
    watch = timers.set(look, delay);
  }

  /** @param {Exclude<State, "over">} next */
  function enter(next) {
    if (state === "over") return;
    state = next;
    onstate(next, faults);
  }

  function reconnect() {
    teardown();
    if (parked) return;
    const [name, open] = /** @type {typeof TRANSPORTS[0]} */ (transports[current]);
    lastFrame = lastLook = clock();
    lastBeat = null;
    enter(name === "fetch" ? "polling" : "connecting");
    if (parked) return;
    try {
      disconnect = open(/** @type {Reachable} */ (world), target, { message, lost, closed: () => closeFeed(0) });
    } catch {
      lost();
    }
  }

  /** @param {unknown} data */
  function message(data) {
    readClocks();
    lastFrame = lastLook;
    try {
      const frame = read(data);
      if (state !== "open") {
        if (state !== "closed") chances = Infinity;
        enter("open");
      }
      if (frame && !parked) take(frame);
    } catch (error) {
      faults += 1;
      if (!(error instanceof Malformed)) report(error);
      lost();
    }
  }

  /** @param {Frame} frame */
  function take(frame) {
    const { type } = frame;
    const again = onframe(frame) === true;
    if (state !== "open") return;
    if (again) retryIn(random() * CAP);
    if (type === "beat") {
      proven = true;
      lastBeat = lastLook;
      if (faults <= MAX_FAILURES) attempt = faults = 0;
    } else if (type === "move") {
      retryIn(random() * frame.within);
    } else if ("position" in frame) {
      after = frame.position;
      if (type === "snapshot" && frame.closed) closeFeed();
    }
  }

  function lost(rest = 0) {
    if (state !== "open" && --chances < 1) {
      current = (current + 1) % transports.length;
      chances = MAX_FAILURES;
    }
    teardown();
    if (parked) return;
    resting = rest > 0;
    retryIn(rest * 1000 + backoff(attempt, random));
    attempt += 1;
    enter("waiting");
  }

  function reconnectNow() {
    attempt = 0;
    reconnect();
  }

  /** Every second, at the moment when silence has lasted too long, and when the reader is back. */
  function look() {
    const before = lastLook;
    const woken = readClocks();
    const late = elapsed(before, lastLook) >= 2 * LOOK;
    if (parked) return;
    const left = FRESH - elapsed(lastFrame, lastLook);
    if (state === "waiting") {
      if (woken) reconnectNow();
    } else if (left <= 0) {
      // The frame that breaks the silence may lie in the socket, unread because this timer came first.
      retryIn(late ? LOOK : 0, () => elapsed(lastFrame, clock()) >= FRESH && (late ? reconnectNow() : lost()));
    } else if (lastBeat && elapsed(lastBeat, lastLook) >= LOOK) {
      // A consumer that shows frames later than they come has had the time to fail.
      attempt = faults = 0;
    }
    if (parked) return;
    lookIn(left > 0 ? Math.min(LOOK, left) : LOOK); // after the verdict, which comes first then
    onstate(undefined, faults);
  }

  /** Returns true if the machine slept since the clocks were last read. */
  function readClocks() {
    const before = lastLook;
    lastLook = clock();
    const woken = slept(before, lastLook);
    if (woken) onstate("slept", faults);
    return woken;
  }

  /** The feed is closed. @param {number} [delay] until it is requested again */
  function closeFeed(delay = RECHECK * (1 + random())) {
    teardown();
    timers.clear(watch);
    retryIn(delay, recheck);
    enter("closed");
  }

  /** Asks whether the feed was reopened, and what it shows. */
  async function recheck() {
    const mine = retry;
    const { fetch } = /** @type {Reachable} */ (world); // as a method of anything but the window it throws
    const frame = await fetch(url, { credentials: "omit" }).then((response) => response.ok && response.json()).catch(() => {});
    if (mine !== retry) return;
    if (!frame) return closeFeed();
    message(frame);
    if (state === "open") begin();
  }

  function teardown() {
    disconnect();
    retry = timers.clear(retry);
  }

  /** @param {number} why */
  function park(why) {
    parked |= why;
    teardown();
    timers.clear(watch);
    if (why === OVER) state = "over";
    else if (state !== "closed") enter("waiting");
  }

  /** @param {number} why */
  function unpark(why) {
    if (!(parked & why)) return;
    parked &= ~why;
    if (!parked) begin();
  }

  function begin() {
    if (state === "closed") return closeFeed();
    lookIn(LOOK);
    reconnectNow();
  }

  const away = () => parked || state === "closed";

  const stopListening = world.events({
    pagehide: () => park(HIDE),
    pageshow: () => unpark(HIDE),
    offline: () => away() || onstate("unsure", faults),
    online() {
      if (away()) return;
      chances = MAX_FAILURES; // this network may be another
      reconnectNow();
    },
    visibilitychange() {
      if (away()) return;
      if (state !== "waiting") look();
      else if (!resting) reconnectNow();
    },
  });

  begin();
  return {
    fault(error) {
      if (error) report(error);
      if (state === "over") return;
      // Which frame it was is not known, so a snapshot has to mend it; and one beat is too early to say that it did.
      faults = Math.max(MAX_FAILURES + 0.5, faults + 1);
      if (state !== "waiting") lost();
    },
    sleep: () => park(SLEEP),
    wake: () => unpark(SLEEP),
    close() {
      stopListening();
      park(OVER);
    },
  };
}
