/**
 * Time elapsed, measured by two clocks of which neither can be trusted alone: a wall clock may be set back or
 * forward by hours, a monotonic one may stand still while the machine sleeps.
 *
 * @import { Instant } from "./frames.d.ts"
 */

/**
 * How far the wall clock may outrun the monotonic one before something happened that neither explains.
 * Together with a beat's ten seconds it stays under the limit of freshness, so what goes unseen here can't
 * make a healthy page waver.
 */
const TOLERANCE = 2_000;

/**
 * Milliseconds from one instant to another, by the clock that says more: an age may be overstated, which
 * costs a reconnection, but never understated.
 *
 * @param {Instant} since
 * @param {Instant} now
 */
export function elapsed([wall, mono], now) {
  return Math.max(now[0] - wall, now[1] - mono, 0);
}

/**
 * True when the machine slept, or its wall clock was set forward. From in here the two look the same.
 *
 * @param {Instant} since
 * @param {Instant} now
 */
export function slept([wall, mono], now) {
  return now[0] - wall - (now[1] - mono) > TOLERANCE;
}
