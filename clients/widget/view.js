/**
 * What the reader sees, as pure functions of what is known, of the time and of what the reader does.
 *
 *   mode     a new dispatch   a correction   a kill
 *   ───────  ───────────────  ─────────────  ──────
 *   follow   shown            shown          shown
 *   hold     waits            shown          shown
 *   pause    waits            waits          shown
 *
 * Pins wait like new dispatches do; they move what is shown. A kill waits for nobody.
 *
 * @import { Dispatch } from "../feed/frames.d.ts"
 * @import { Options } from "./options.js"
 * @import { Pool } from "./pool.js"
 */

import { passes } from "./options.js";

/** How long the layout `line` shows a dispatch, from the time it was filed. Milliseconds. */
export const LINE = 30 * 60_000;

/** @typedef {"follow" | "hold" | "pause"} Mode */

/**
 * The dispatches that may be shown at a time, newest first. One killed during its display delay is left out
 * altogether: the reader never saw it. A tombstone has lost what a filter judges by, so it passes only in place
 * of what has been told.
 *
 * @param {Pool} pool
 * @param {Options} options
 * @param {number} now the log's time in milliseconds; NaN while unknown, when nothing that depends on it shows
 * @param {Map<string, Dispatch>} told what this function returned the last time, by id
 * @returns {Dispatch[]}
 */
export function visible(pool, options, now, told) {
  const { hold, line, filtered } = options;
  return [...pool.values()].filter((dispatch) => {
    const filed = Date.parse(dispatch.filed);
    return (!hold || filed + hold <= now) && (!line || now < filed + LINE) && (
      passes(dispatch, options) || dispatch.status === "killed" &&
        (told.has(dispatch.id) || !filtered && Date.parse(dispatch.updated) >= filed + hold));
  }).sort((one, other) => (one.id < other.id ? 1 : -1));
}

/**
 * @param {Dispatch[]} shown what the reader sees now
 * @param {Dispatch[]} all what may be shown, newest first
 * @param {Pool} pool
 * @param {Mode} mode
 * @param {string | null} pinned
 * @param {boolean} pending history is awaited: what is older than all that is known stays until it is there
 * @returns {Dispatch[]} in the order of the list, and more than its limit
 */
export function present(shown, all, pool, mode, pinned, pending) {
  if (mode === "follow") {
    const first = all.filter(({ id, status }) => id === pinned && status === "usable");
    return [...first, ...all.filter((dispatch) => dispatch !== first[0]), ...shown.filter(({ id }) => pending && !pool.has(id))];
  }
  return shown.flatMap((dispatch) => {
    const next = pool.get(dispatch.id);
    if (!next) return pending ? dispatch : [];
    return mode === "hold" || next.status === "killed" ? next : dispatch;
  });
}
