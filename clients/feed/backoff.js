/**
 * When to come back. Always at a random moment: ten thousand readers lose a node at the same instant, and
 * must not return at the same instant.
 */

/** The first wait is at most this, and at most twice as long each time. Milliseconds. */
export const BASE = 500;

/** A reader never waits longer than this for news of a service that is back. */
export const CAP = 30_000;

/**
 * Full jitter: anywhere between nothing and the doubled bound.
 *
 * @param {number} attempt how many tries have failed in a row before this one
 * @param {() => number} random uniform in [0, 1)
 * @returns {number} milliseconds
 */
export function backoff(attempt, random) {
  return random() * Math.min(CAP, BASE * 2 ** attempt);
}
