/**
 * Frames for the tests, as short as they can be.
 *
 * @import { Dispatch, UsableDispatch } from "../../../clients/feed/frames.d.ts"
 */

const FILED = "2026-03-11T14:00:00.000Z";

/** @param {string} id @param {Partial<UsableDispatch>} [more] @returns {UsableDispatch} */
export function usable(id, more) {
  return {
    id, status: "usable", text: `text of ${id}`, urgency: "normal", language: "en",
    filed: FILED, updated: FILED, revision: 1, ...more,
  };
}

/** @param {string} id @param {string} reason @returns {Dispatch} */
export function tombstone(id, reason) {
  return { id, status: "killed", reason, filed: FILED, updated: FILED, revision: 2 };
}

/** @param {string} position @param {Dispatch[]} dispatches */
export function snapshot(position, dispatches, more = {}) {
  const air = { on: true, label: null, url: null };
  return { type: /** @type {const} */ ("snapshot"), feed: "breaking", position, air, pinned: null, dispatches, ...more };
}

/** @param {string} position @param {Dispatch} dispatch */
export function filed(position, dispatch) {
  return { type: /** @type {const} */ ("dispatch"), position, dispatch };
}

/** @param {string} position @param {string} id */
export function kill(position, id, reason = "not true") {
  return { type: /** @type {const} */ ("kill"), position, id, reason, at: FILED, filed: FILED, revision: 2 };
}

/** @param {string} position @param {number} at milliseconds */
export function beat(position, at) {
  return { type: /** @type {const} */ ("beat"), position, at: new Date(at).toISOString(), watching: 7 };
}
