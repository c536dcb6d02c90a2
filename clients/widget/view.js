/**
 * What the reader sees, as pure functions of what is known, of the time and of what the reader does.
 *
 *   mode     a new dispatch   a correction   a kill
 *   ───────  ───────────────  ─────────────  ──────
 *   follow   shown            shown          shown
 *   hold     waits            shown          shown
 *   pause    waits            waits          shown
 *
 * Pins wait like new dispatches do; they move what is shown. A kill never waits.
 *
 * What a widget knows, its pool, is kept apart from the state that all widgets of a feed share, because what does
 * not pass its filters must not push out what does.
 *
 * @import { Dispatch } from "../feed/frames.d.ts"
 * @import { Options } from "./options.js"
 */

import { find, place } from "../feed/fold.js";

/** How long the layout `line` shows a dispatch, from the time it was filed. Milliseconds. */
export const LINE = 30 * 60_000;

/** Dispatches a widget keeps; twice what it can show. */
export const KEPT = 100;

/** @typedef {"follow" | "hold" | "pause"} Mode */

/**
 * Frames and history may come in any order: a dispatch is replaced only by a later revision or by its tombstone.
 *
 * @param {Dispatch[]} pool newest first
 * @param {Dispatch} dispatch
 * @param {unknown} admit true to take it if it is unknown so far
 */
export function merge(pool, dispatch, admit) {
  return admit || find(pool, dispatch.id) ? place(pool, dispatch) : pool;
}

/**
 * The pool without the oldest beyond the limit.
 *
 * @param {Dispatch[]} pool
 * @param {Dispatch[]} shown kept at any age
 */
export function prune(pool, shown) {
  return pool.filter(({ id }, index) => index < KEPT || find(shown, id));
}

/**
 * The dispatches that may be shown at a time, newest first. One killed during its display delay is left out
 * altogether: the reader never saw it. A tombstone has lost what a filter judges by, so it passes only in place
 * of what was visible before.
 *
 * @param {Dispatch[]} pool
 * @param {Options} options
 * @param {number} now the log's time in milliseconds; NaN while unknown, when nothing that depends on it shows
 * @param {Dispatch[]} [before] what this function returned the last time
 */
export function visible(pool, { hold, line, filters, passes }, now, before = []) {
  return pool.filter((dispatch) => {
    const filed = Date.parse(dispatch.filed);
    return (!hold || filed + hold <= now) && (!line || now < filed + LINE) && (
      passes(dispatch) || dispatch.status === "killed" &&
        (find(before, dispatch.id) || !filters && Date.parse(dispatch.updated) >= filed + hold));
  });
}

/**
 * @param {Dispatch[]} shown what the reader sees now
 * @param {Dispatch[]} all what may be shown, newest first
 * @param {Dispatch[]} pool
 * @param {Mode} mode
 * @param {string | null} pinned
 * @param {unknown} pending true while history is awaited: what is not known stays until it is there
 * @returns {Dispatch[]} in the order of the list, and maybe more than its limit
 */
export function present(shown, all, pool, mode, pinned, pending) {
  if (mode === "follow") {
    const first = all.filter(({ id, status }) => id === pinned && status === "usable");
    return [...first, ...all.filter((dispatch) => dispatch !== first[0]), ...shown.filter(({ id }) => pending && !find(pool, id))];
  }
  return shown.flatMap((dispatch) => {
    const next = find(pool, dispatch.id);
    if (!next) return pending ? dispatch : [];
    return mode === "hold" || next.status === "killed" ? next : dispatch;
  });
}
