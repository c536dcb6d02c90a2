/**
 * One reader's connection to a feed, kept up: it resumes by itself from the last position applied, and would
 * rather reconnect once too often than trust a path that has gone quiet.
 *
 *   what happens                                  what it does
 *   ────────────────────────────────────────────  ──────────────────────────────────────────────
 *   the carrier closes, or can't be opened        waits (full jitter), reconnects
 *   13 s without a frame                          the same: the path is dead, whatever the socket says
 *   a malformed frame, or one that can't be       the same, from the last good position;
 *   applied or shown                              from a snapshot after two in a row
 *   the machine slept, or its clock was set       gives a frame that lies in the socket a second; then as below
 *   the reader is back, and the path isn't fresh  reconnects at once
 *   the network is back                           reconnects at once
 *   the page is hidden for good, or put to sleep  hangs up until it is shown, or woken
 *   move                                          stays, and reconnects at a random moment within the time given
 *   a carrier failed twice and never worked       tries the next: WebSocket, event stream, long-poll
 *   the feed is closed                            stays away, and asks once in a while if it was reopened
 *
 * @import { Frame, Instant, World } from "./frames.d.ts"
 * @import { Target } from "./carriers.js"
 */

import { backoff } from "./backoff.js";
import { CARRIERS } from "./carriers.js";
import { elapsed, slept } from "./clock.js";
import { Malformed, read } from "./read.js";

/** A beat comes every 10 s; three more for a slow path. Milliseconds. */
export const SILENCE = 13_000;

/** How often the connection is looked at. A machine that wakes shows it to no event that can be relied on. */
const LOOK = 1_000;

/** Tries before a carrier counts as blocked on the way, and malformed frames before a position does. */
export const MAX_FAILURES = 2;

/** A closed feed is asked for again after this, or up to twice as long. Milliseconds. */
const RECHECK = 60_000;

/** Why it stays away: the consumer sleeps, the page is hidden (maybe in the back-forward cache), it was told to close. */
const SLEEP = 1;
const HIDE = 2;
const OVER = 4;

/**
 * - connecting, open: a carrier is on its way, has brought a good frame
 * - waiting: until the next try, or to be woken
 * - closed: the feed is; over: this connection is
 * - unsure: nothing changed, but what came before proves nothing any more; slept: nor does it about the clocks
 *
 * @typedef {"connecting" | "polling" | "open" | "waiting" | "closed" | "over"} State
 * @typedef {State | "unsure" | "slept"} ConnectionState
 *
 * @typedef {object} Options
 * @property {string} url of the feed, http(s) and without a query
 * @property {string | null} [after] the position to resume from
 * @property {boolean} [closed] the feed is known to be closed
 * @property {(frame: Frame) => void} onframe applies and shows a frame; if it throws, the frame counts as malformed
 * @property {(state: ConnectionState) => void} onstate
 * @property {() => void} [ontick] every second, and when a fault is over
 *
 * @typedef {object} Connection
 * @property {number} faults in a row
 * @property {boolean} shaky a consumer that shows frames later may still fail with what has come
 * @property {(error?: unknown) => void} fault
 * @property {() => void} sleep
 * @property {() => void} wake
 * @property {() => void} close
 *
 * @param {Options & World} options
 * @returns {Connection}
 */
export function connect({ url, after = null, closed = false, onframe, onstate, ontick, ...world }) {
  const { clock, random, timers } = world;
  const carriers = CARRIERS.filter(([name]) => world[name]);
  let carrier = 0;
  let failures = 0;
  let worked = false;
  let position = after;
  let attempt = 0;
  let faults = 0;
  let shaky = false;
  let proven = false;
  /** When this connection brought its last beat. @type {Instant | null} */
  let beaten = null;
  /** @type {State} */
  let state = "waiting";
  let resting = false;
  let parked = 0;
  let heard = clock();
  let seen = heard;
  /** Whether a path that seems dead was given time to bring a frame that is there, and because the machine woke. @type {boolean | null} */
  let grace = null;
  let hangUp = () => {};
  /** @type {unknown} */
  let redial;
  /** @type {unknown} */
  let watch;

  /** @type {Target} */
  const target = {
    url,
    asked: null,
    after: (first) => (first && (faults >= MAX_FAILURES || (state === "polling" && !proven)) ? null : position),
  };

  /** @param {State} next */
  function enter(next) {
    if (state === "over") return;
    state = next;
    onstate(next);
  }

  function dial() {
    teardown();
    if (parked) return;
    const [name, open] = /** @type {typeof CARRIERS[0]} */ (carriers[carrier]);
    heard = seen = clock();
    grace = beaten = null;
    enter(name === "fetch" ? "polling" : "connecting");
    if (parked) return;
    try {
      hangUp = open(world, target, { message, gone, closed: () => shut(0) });
    } catch {
      gone();
    }
  }

  /** @param {unknown} data */
  function message(data) {
    notice();
    heard = seen;
    try {
      const frame = read(data);
      if (state !== "open") {
        worked ||= state !== "closed";
        failures = 0;
        enter("open");
      }
      if (frame && !parked) take(frame);
    } catch (error) {
      faults += 1;
      if (!(error instanceof Malformed)) world.report(error);
      gone();
    }
  }

  /** @param {Frame} frame */
  function take(frame) {
    onframe(frame);
    if (state !== "open") return;
    if ("position" in frame && frame.type !== "beat") position = frame.position;
    if (frame.type === "beat") {
      proven = true;
      beaten = seen;
      if (!shaky) settle();
    }
    if (frame.type === "move") {
      timers.clear(redial);
      redial = timers.set(dial, random() * frame.within);
    }
    if (frame.type === "snapshot" && frame.closed) shut();
  }

  function settle() {
    attempt = 0;
    shaky = false;
    if (!faults) return;
    faults = 0;
    ontick?.();
  }

  function gone(rest = 0) {
    if (state !== "open" && ++failures >= MAX_FAILURES && !worked) {
      carrier = (carrier + 1) % carriers.length;
      failures = 0;
    }
    teardown();
    if (parked) return;
    resting = rest > 0;
    redial = timers.set(dial, rest * 1000 + backoff(attempt, random));
    attempt += 1;
    enter("waiting");
  }

  function reconnectNow() {
    attempt = 0;
    dial();
  }

  /** Every second, and when the reader is back. */
  function look() {
    judge();
    if (state !== "over") ontick?.();
  }

  function judge() {
    const late = elapsed(seen, clock()) >= 2 * LOOK;
    const woken = notice();
    if (parked) return;
    const left = SILENCE - elapsed(heard, seen);
    const dead = left <= 0 && state !== "waiting";
    lookIn(dead && grace === null ? (late ? LOOK : 0) : left > 0 ? Math.min(LOOK, left) : LOOK);
    if (woken && state === "waiting") return reconnectNow();
    if (shaky && beaten && elapsed(beaten, seen) >= LOOK) settle();
    if (!dead) {
      grace = null;
    } else if (grace === null) {
      grace = late;
    } else if (grace) {
      reconnectNow();
    } else {
      gone();
    }
  }

  /** @param {number} delay */
  function lookIn(delay) {
    timers.clear(watch);
    watch = timers.set(look, delay);
  }

  /** Whether the machine slept since the clocks were last looked at. */
  function notice() {
    const before = seen;
    seen = clock();
    const woken = slept(before, seen);
    if (woken) onstate("slept");
    return woken;
  }

  /** The feed is closed. @param {number} [delay] until it is asked for again */
  function shut(delay = RECHECK * (1 + random())) {
    teardown();
    timers.clear(watch);
    redial = timers.set(recheck, delay);
    enter("closed");
  }

  /** Whether the feed was reopened, and what it shows. */
  async function recheck() {
    const mine = redial;
    /** @type {unknown} */
    let frame;
    try {
      const response = await world.fetch?.(url, { credentials: "omit" });
      if (response?.ok) frame = await response.json();
    } catch {
      // Away, like the feed: asked for again as late.
    }
    if (mine !== redial || state !== "closed") return;
    if (!frame) return shut();
    message(frame);
    if (/** @type {State} */ (state) === "open") begin();
  }

  function teardown() {
    hangUp();
    hangUp = () => {};
    timers.clear(redial);
  }

  /** @param {number} why */
  function park(why) {
    parked |= why;
    teardown();
    timers.clear(watch);
    if (state !== "closed" && why !== OVER) enter("waiting");
  }

  /** @param {number} why */
  function unpark(why) {
    if (!(parked & why)) return;
    parked &= ~why;
    if (!parked) begin();
  }

  function begin() {
    if (state === "closed") return shut();
    lookIn(LOOK);
    reconnectNow();
  }

  const deafen = world.events((name) => {
    if (name === "hide") return park(HIDE);
    if (name === "show") return unpark(HIDE);
    if (parked || state === "closed") return;
    if (name === "offline") return onstate("unsure");
    if (name === "online") {
      worked = false; // this network may be another
      return reconnectNow();
    }
    if (state !== "waiting") look();
    else if (!resting) reconnectNow();
  });

  if (closed) state = "closed";
  begin();
  return {
    get faults() {
      return faults;
    },
    get shaky() {
      return shaky;
    },
    fault(error) {
      if (state === "over") return;
      world.report(error ?? new Error("a frame could not be shown"));
      shaky = true;
      faults = Math.max(MAX_FAILURES, faults + 1); // which frame it was is not known, so a snapshot has to mend it
      failures = 0;
      if (state !== "waiting") gone();
    },
    sleep: () => park(SLEEP),
    wake: () => unpark(SLEEP),
    close() {
      deafen();
      park(OVER);
      enter("over");
    },
  };
}
