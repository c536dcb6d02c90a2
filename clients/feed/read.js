/**
 * Parses and checks what comes off the wire. A frame that passes has the shape its type promises, so the rest of the
 * client need not check again.
 *
 * @import { Dispatch, Frame } from "./frames.d.ts"
 */

import { tombstone } from "./fold.js";

/** The path to a node delivers something that is not a feed: a captive portal, a cut frame, a broken proxy. */
export class Malformed extends Error {}

/** Nothing that has to be a text may be empty. @param {unknown} value */
const text = (value) => typeof value === "string" && value !== "";

/** @param {any} dispatch */
const whole = ({ id, status, filed, updated, revision, ...rest }) =>
  text(id) && Date.parse(filed) > 0 && Date.parse(updated) > 0 && Number.isInteger(revision) &&
  (status === "killed" ? text(rest.reason) : status === "usable" && text(rest.text));

/** @param {any} air */
const switched = (air) => typeof air.on === "boolean";

/**
 * What each type promises, apart from its position.
 *
 * @type {Record<Frame["type"], (frame: any) => unknown>}
 */
const checks = {
  snapshot: ({ feed, air, dispatches, pinned_dispatch }) =>
    text(feed) && switched(air) && dispatches.every(whole) && (!pinned_dispatch || whole(pinned_dispatch)),
  dispatch: ({ dispatch }) => whole(dispatch),
  kill: (frame) => whole(tombstone(frame)),
  pin: ({ id }) => id === null || text(id),
  air: ({ air }) => switched(air),
  beat: ({ at }) => Date.parse(at) > 0,
  delayed: () => true,
  move: ({ within }) => within >= 0,
};

/** Every type this client understands; an event stream needs a listener for each. */
export const TYPES = Object.keys(checks);

/**
 * @param {unknown} data one message, as JSON or parsed
 * @returns {Frame | null} null for a type this client doesn't know, unless it has a position: then that counts
 * @throws {Malformed} when it is no frame, or lacks what its type promises
 */
export function read(data) {
  try {
    const frame = typeof data === "string" ? JSON.parse(data) : data;
    const { type, position } = frame;
    const known = TYPES.includes(type) && checks[/** @type {Frame["type"]} */ (type)];
    if (!known && text(type)) return text(position) ? frame : null;
    if (known && known(frame) && (text(position) || /delayed|move/.test(type))) return frame;
  } catch {
    // No JSON, or a member that is missing.
  }
  throw new Malformed();
}
