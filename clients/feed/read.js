/**
 * The door: text off the wire in, a frame or nothing out. What passes has the shape its type promises, so the
 * rest of the client need not ask again.
 *
 * @import { Frame } from "./frames.d.ts"
 */

/** The path to a node delivers something that is not a feed: a captive portal, a cut frame, a broken proxy. */
export class Malformed extends Error {}

/** @param {unknown} value @returns {value is string} */
const text = (value) => typeof value === "string";
/** @param {unknown} value */
const name = (value) => text(value) && value !== "";
/** @param {unknown} value */
const time = (value) => text(value) && !Number.isNaN(Date.parse(value));
/** @param {any} value */
const air = (value) => typeof value?.on === "boolean";
/** @param {any} value */
const dispatch = (value) =>
  name(value?.id) &&
  time(value.filed) &&
  time(value.updated) &&
  Number.isInteger(value.revision) &&
  (value.status === "killed" ? text(value.reason) : value.status === "usable" && text(value.text));

/** @type {Record<Frame["type"], (frame: any) => boolean>} */
const shapes = {
  snapshot: (f) =>
    name(f.position) && name(f.feed) && air(f.air) && (f.at == null || time(f.at)) &&
    Array.isArray(f.dispatches) && f.dispatches.every(dispatch) && (f.pinned_dispatch == null || dispatch(f.pinned_dispatch)),
  dispatch: (f) => name(f.position) && dispatch(f.dispatch),
  kill: (f) => name(f.position) && name(f.id) && text(f.reason) && time(f.at) && time(f.filed) && Number.isInteger(f.revision),
  pin: (f) => name(f.position) && (f.id === null || name(f.id)),
  air: (f) => name(f.position) && air(f.air),
  beat: (f) => name(f.position) && time(f.at),
  delayed: () => true,
  move: (f) => f.within >= 0,
};

/** Every type this client understands; an event stream has to be asked for each by name. */
export const TYPES = Object.keys(shapes);

/**
 * @param {unknown} data one message, as JSON or parsed
 * @returns {Frame | null} null for a type this client doesn't know, unless it has a position: then that counts
 * @throws {Malformed} when it is no frame, or lacks what its type promises
 */
export function read(data) {
  /** @type {any} */
  let frame = data;
  try {
    if (text(data)) frame = JSON.parse(data);
  } catch {
    throw new Malformed("not JSON");
  }
  if (!text(frame?.type)) throw new Malformed("no type");
  if (!Object.hasOwn(shapes, frame.type)) return name(frame.position) ? frame : null;
  if (!shapes[/** @type {Frame["type"]} */ (frame.type)](frame)) throw new Malformed(frame.type);
  return frame;
}
