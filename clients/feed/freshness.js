/**
 * LIVE as a measurement.
 *
 * Each beat proves that, at its time `at`, everything from the log to this page was up to date. Nothing else does.
 *
 *   event          proven   and
 *   ─────────────  ───────  ──────────────────────────────────────────────────────────────
 *   connecting     no       the estimate of the clocks' difference is forgotten
 *   polling        no       the estimate is kept: a long-poll continues with the one before
 *   lost           no
 *   slept          no       the estimate is in doubt
 *   delayed                 behind: the node itself says so
 *   beat           yes      no longer behind; the proof's age is measured again
 *
 *   proven         proof                     behind   air   the page says
 *   ─────────────  ────────────────────────  ───────  ────  ─────────────
 *   yes            13 s old or younger       no       on    live
 *   yes            13 s old or younger       no       off   off-air
 *   no             13 s old or younger       no       any   catching-up
 *   no             none yet, for 5 s         no       any   catching-up
 *   anything else                                           delayed
 *
 * Only the first row says live, and it needs a beat of this very connection: a dead path can't reach it.
 *
 * The age of a proof is honest even when a tunnel stalls and then delivers old beats in a burst. Client and
 * server clocks may differ by hours, but the difference is the same for every beat, so the beat that seems to
 * have travelled least tells it best, and what another took beyond that is its lag. The first beat of a
 * connection has none to be compared with, but it is younger than the connection. When that is old itself,
 * the beat may be as old, and stays in doubt until another comes at the pace at which they are sent.
 *
 * By long-poll there is no connection that a proof could be younger than: a cache may have kept the response for
 * minutes. So the estimate continues from poll to poll, and a response that was kept shows as lag, since its `at`
 * stands still. The first proof is as old as the wall clock says, in doubt if that is more than the slack: a clock
 * that is right makes it live at once, a wrong one costs a poll, and only a clock that is behind by exactly as
 * much as a cache is could be deceived, until the next poll.
 *
 * A lag that stays while beats keep their pace is none of a stall: the path became longer, or the server's clock was
 * set back, and then every beat of this connection would seem late. A new connection measures again.
 *
 * @import { Frame, Instant } from "./frames.d.ts"
 * @import { ConnectionState } from "./connection.js"
 */

import { elapsed } from "./clock.js";

/** A beat comes every 10 s; three more for a slow path. In milliseconds, like all times here. */
export const FRESH = 13_000;

/** How long a page that never had a proof may say it is only catching up. */
export const PATIENCE = 5_000;

/** The margin between two beats and the limit: a lag below it can't hide a stall. */
const SLACK = 3_000;

/** Two beats sent at least so far apart show whether they come at their own pace; give or take a second. */
const APART = 5_000;
const JITTER = 1_000;

/** A lag that stays above this keeps a healthy page from being fresh when a beat comes late: slack less jitter. */
const STEADY = 2_000;

/** The most by which honest clocks run apart (500 ppm); without it a page open for days would age. */
const DRIFT = 0.0005;

/**
 * @typedef {object} Freshness
 * @property {boolean} proven a beat came on this connection
 * @property {boolean} behind the node says that it is behind
 * @property {Instant | null} opened when the connection was begun; null for long-polls, and once it is to be made again
 * @property {number} at when the last beat was sent, by the server's clock; 0 before the first
 * @property {Instant} arrival when it came; before the first, when the page began
 * @property {number} lag how long it took
 * @property {Instant | null} least by how much each of our clocks is ahead of the server's, as this connection tells
 * @property {boolean} doubted the connection may have stalled from its beginning, and its beats all be late
 * @property {number} skew by how many milliseconds our wall clock is ahead; outlives the connection
 *
 * @typedef {{type: "frame", frame: Frame} | {type: Exclude<ConnectionState, "open"> | "lost"}} Event anything that is not
 *   distinguished here counts as lost
 *
 * @typedef {object} Status
 * @property {"connecting" | "live" | "off-air" | "catching-up" | "delayed" | "closed"} name
 * @property {number} age of the last proof, or of the page when there was none, in whole seconds
 * @property {boolean} [reload] what comes can't be shown, again and again: say "reload the page"
 */

/** @param {Instant} now @returns {Freshness} */
export function start(now) {
  return { proven: false, behind: false, opened: now, at: 0, arrival: now, lag: 0, least: null, doubted: false, skew: 0 };
}

/** @param {Freshness} fresh @param {Event} event @param {Instant} now @returns {Freshness} */
export function step(fresh, event, now) {
  if (event.type !== "frame") {
    /** @type {Record<string, Partial<Freshness>>} */
    const changes = { connecting: { opened: now, least: null }, polling: { opened: null }, slept: { doubted: true } };
    return { ...fresh, proven: false, behind: false, ...changes[event.type] };
  }
  const { frame } = event;
  if (frame.type === "beat") return { ...fresh, proven: true, behind: false, ...prove(fresh, Date.parse(frame.at), now) };
  return frame.type === "delayed" ? { ...fresh, behind: true } : fresh;
}

/** @param {Freshness} fresh @param {boolean} onAir @param {Instant} now @returns {Status} */
export function measure({ proven, behind, at, arrival, lag }, onAir, now) {
  const passed = elapsed(arrival, now) + lag;
  const late = behind || passed > (at ? FRESH : PATIENCE);
  return { name: late ? "delayed" : !proven ? "catching-up" : onAir ? "live" : "off-air", age: Math.floor(passed / 1000) };
}

/**
 * Against the proofs before it, if there are any that it may be compared with; else by what bounds its age alone:
 * the age of the connection or, by long-poll, the wall clock.
 *
 * @param {Freshness} fresh
 * @param {number} at
 * @param {Instant} now
 */
function prove({ least, at: before, arrival, doubted, opened }, at, now) {
  let ahead = /** @type {[number, number]} */ (now.map((time) => time - at));
  let lag = 0;
  if (least) {
    const since = elapsed(arrival, now);
    const apart = at - before;
    const paced = apart >= APART && Math.abs(since - apart) <= JITTER;
    if (doubted && paced) {
      doubted = false;
    } else {
      const most = /** @type {typeof ahead} */ (least.map((known) => known + since * DRIFT));
      lag = elapsed(most, ahead);
      ahead = /** @type {any} */ (ahead.map((one, clock) => Math.min(one, /** @type {any} */ (most)[clock])));
      if (paced && lag > STEADY) {
        doubted = !opened;
        opened = null;
      }
    }
  } else {
    lag = opened ? elapsed(opened, now) : Math.min(Math.abs(ahead[0]), FRESH + 1);
    doubted = lag > SLACK;
    if (doubted) ahead = /** @type {any} */ (ahead.map((one) => one - lag));
  }
  return { at, arrival: now, lag, least: ahead, doubted, opened, skew: ahead[0] };
}
