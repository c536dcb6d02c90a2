/**
 * The door: text off the wire in, a frame or nothing out. What passes has the shape its type promises, so the
 * rest of the client need not ask again.
 *
 * @import { Frame } from "./frames.d.ts"
 */

/** The path to a node delivers something that is not a feed: a captive portal, a cut frame, a broken proxy. */
export class Malformed extends Error {}

/** Nothing that has to be a text may be empty. @param {unknown} value @returns {value is string} */
const text = (value) => typeof value === "string" && value !== "";
/** @param {unknown} value */
const time = (value) => text(value) && Date.parse(value) > 0;
/** @param {any} value */
const dispatch = (value) =>
  has(value, "id filed updated revision") && has(value, value.status === "killed" ? "reason" : "text usable");

/**
 * What a member has to be, by its name, if not a text. The last three are rules for the whole: a dispatch that is
 * not killed must be usable, a pin may be null, a snapshot need not have a pinned dispatch beside it.
 *
 * @type {Record<string, (value: any, whole: any) => boolean>}
 */
const rules = {
  at: time,
  filed: time,
  updated: time,
  revision: Number.isInteger,
  dispatch,
  dispatches: (value) => Array.isArray(value) && value.every(dispatch),
  air: (value) => typeof value?.on === "boolean",
  within: (value) => value >= 0,
  usable: (_, { status }) => status === "usable",
  pin: (_, { id }) => id === null || text(id),
  beside: (_, { pinned_dispatch }) => pinned_dispatch == null || dispatch(pinned_dispatch),
};

/** The members that each type promises. @type {Record<Frame["type"], string>} */
const shapes = {
  snapshot: "position feed air dispatches beside",
  dispatch: "position dispatch",
  kill: "position id reason at filed revision",
  pin: "position pin",
  air: "position air",
  beat: "position at",
  delayed: "type",
  move: "within",
};

/** @param {any} value @param {string} members */
function has(value, members) {
  return value && members.split(" ").every((member) => (rules[member] ?? text)(value[member], value));
}

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
    throw new Malformed();
  }
  if (!text(frame?.type)) throw new Malformed();
  if (!TYPES.includes(frame.type)) return text(frame.position) ? frame : null;
  if (!has(frame, shapes[/** @type {Frame["type"]} */ (frame.type)])) throw new Malformed();
  return frame;
}
