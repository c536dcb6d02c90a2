/**
 * LIVE as a measurement.
 *
 * Each beat proves that, at its time `at`, the whole way from the log to this page was level. Nothing else does.
 *
 *   event          phase becomes             and
 *   ─────────────  ────────────────────────  ──────────────────────────────────────────
 *   connecting     away                      the estimate of the clocks' difference is forgotten
 *   polling        away                      the estimate is kept: a long-poll goes on with the one before
 *   lost           away
 *   slept          away                      the estimate is in doubt
 *   any frame      resumed, if it was away
 *   delayed        resumed, if it was away   held: the node itself says it is behind
 *   beat           proven                    no longer held; the proof's age is measured anew
 *
 *   phase          proof                     held   air   the page says
 *   ─────────────  ────────────────────────  ─────  ────  ─────────────
 *   proven         13 s old or younger       no     on    live
 *   proven         13 s old or younger       no     off   off-air
 *   away, resumed  13 s old or younger       no     –     catching-up
 *   away, resumed  none yet, for 5 s         no     –     catching-up
 *   anything else                                         delayed
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
 * minutes. So the estimate goes on from poll to poll, and a response that was kept shows as lag, since its `at`
 * stands still. The first proof is as old as the wall clock says, in doubt if that is more than the slack: a clock
 * that is right makes it live at once, a wrong one costs a poll, and only a clock that is behind by exactly as
 * much as a cache is could be deceived, until the next poll.
 *
 * @import { Frame, Instant } from "./frames.d.ts"
 */

import { elapsed } from "./clock.js";

/** A beat comes every 10 s; three more for a slow path. In milliseconds, like all times here. */
export const FRESH = 13_000;

/** How long a page that never had a proof may say it is only catching up. */
export const PATIENCE = 5_000;

/** The margin between two beats and the limit: a lag below it can't hide a stall. */
const SLACK = 3_000;

/** Two beats sent at least so far apart tell whether they come at their own pace; give or take a second. */
const APART = 5_000;
const JITTER = 1_000;

/** The most by which honest clocks run apart (500 ppm); without it a page open for days would age. */
const DRIFT = 0.0005;

/**
 * @typedef {object} Freshness
 * @property {"away" | "resumed" | "proven"} phase
 * @property {boolean} held the node says that it is behind
 * @property {Instant} began when the page began
 * @property {Instant | null} dialled when the connection was begun; null for long-polls
 * @property {{at: number, arrival: Instant, lag: number} | null} proof the last beat: when it was sent and came, how long it took
 * @property {Instant | null} least by how much each of our clocks is ahead of the server's, as this connection tells
 * @property {boolean} doubted the connection may have stalled from its beginning, and its beats all be late
 * @property {number} skew by how many milliseconds our wall clock is ahead; outlives the connection
 *
 * @typedef {{type: "connecting" | "polling" | "lost" | "slept"} | {type: "frame", frame: Frame}} Event
 *
 * @typedef {object} Status
 * @property {"connecting" | "live" | "off-air" | "catching-up" | "delayed" | "closed"} name
 * @property {number} age of the last proof, or of the page when there was none, in whole seconds
 * @property {boolean} [reload] what comes can't be shown, again and again: say "reload the page"
 */

/** @param {Instant} now @returns {Freshness} */
export function start(now) {
  return { phase: "away", held: false, began: now, dialled: now, proof: null, least: null, doubted: false, skew: 0 };
}

/** @param {Freshness} fresh @param {Event} event @param {Instant} now @returns {Freshness} */
export function step(fresh, event, now) {
  if (event.type !== "frame") {
    const away = { ...fresh, phase: /** @type {const} */ ("away"), held: false };
    if (event.type === "connecting") return { ...away, dialled: now, least: null };
    if (event.type === "polling") return { ...away, dialled: null };
    return event.type === "slept" ? { ...away, doubted: true } : away;
  }
  if (event.frame.type === "beat") return prove(fresh, Date.parse(event.frame.at), now);
  const phase = fresh.phase === "away" ? "resumed" : fresh.phase;
  return { ...fresh, phase, held: fresh.held || event.frame.type === "delayed" };
}

/** @param {Freshness} fresh @param {boolean} onAir @param {Instant} now @returns {Status} */
export function measure(fresh, onAir, now) {
  const { phase, held, proof, began } = fresh;
  const passed = proof ? elapsed(proof.arrival, now) + proof.lag : elapsed(began, now);
  const age = Math.floor(passed / 1000);
  if (held || passed > (proof ? FRESH : PATIENCE)) return { name: "delayed", age };
  if (phase !== "proven") return { name: "catching-up", age };
  return { name: onAir ? "live" : "off-air", age };
}

/** @param {Freshness} fresh @param {number} at @param {Instant} now @returns {Freshness} */
function prove(fresh, at, now) {
  const ahead = { wall: now.wall - at, mono: now.mono - at };
  const found = compare(fresh, ahead, at, now) ?? guess(ahead, bound(fresh, ahead, now));
  const { least, lag, doubted } = found;
  return { ...fresh, phase: "proven", held: false, proof: { at, arrival: now, lag }, least, doubted, skew: least.wall };
}

/**
 * Against the beats before it on this connection, if there are any.
 *
 * @param {Freshness} fresh
 * @param {Instant} ahead
 * @param {number} at
 * @param {Instant} now
 */
function compare({ least: known, proof, doubted }, ahead, at, now) {
  if (!known || !proof) return null;
  const since = elapsed(proof.arrival, now);
  const paced = at - proof.at >= APART && since >= at - proof.at - JITTER;
  if (doubted && paced) return { least: ahead, lag: 0, doubted: false };
  const least = {
    wall: Math.min(known.wall + since * DRIFT, ahead.wall),
    mono: Math.min(known.mono + since * DRIFT, ahead.mono),
  };
  return { least, lag: Math.max(ahead.wall - least.wall, ahead.mono - least.mono), doubted };
}

/**
 * How old the first proof may be: as old as the connection, or, by long-poll, as the wall clock says.
 *
 * @param {Freshness} fresh
 * @param {Instant} ahead
 * @param {Instant} now
 */
function bound({ dialled }, ahead, now) {
  return dialled ? elapsed(dialled, now) : Math.min(Math.abs(ahead.wall), FRESH + 1);
}

/**
 * By what bounds its age alone.
 *
 * @param {Instant} ahead
 * @param {number} age
 */
function guess(ahead, age) {
  const doubted = age > SLACK;
  const lag = doubted ? age : 0;
  return { least: { wall: ahead.wall - lag, mono: ahead.mono - lag }, lag: age, doubted };
}
