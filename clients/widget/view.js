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
 * What a widget knows, its pool, is kept apart from the state that all widgets of a feed share, because what does
 * not pass its filters must not push out what does.
 *
 * @import { Dispatch } from "../feed/frames.d.ts"
 * @import { Options } from "./options.js"
 */

import { supersedes } from "../feed/fold.js";

/** How long the layout `line` shows a dispatch, from the time it was filed. Milliseconds. */
export const LINE = 30 * 60_000;

/** Dispatches a widget keeps; twice what it can show. */
export const KEPT = 100;

/** @typedef {Map<string, Dispatch>} Pool by id */
/** @typedef {"follow" | "hold" | "pause"} Mode */

/**
 * Frames and history may come in any order: a dispatch is replaced only by a later revision or by its tombstone.
 *
 * @param {Pool} pool
 * @param {Dispatch} dispatch
 * @param {unknown} admit true to take it if it is unknown so far
 */
export function merge(pool, dispatch, admit) {
  const known = pool.get(dispatch.id);
  if (known ? supersedes(dispatch, known) : admit) pool.set(dispatch.id, dispatch);
}

/**
 * Forgets the oldest beyond the limit.
 *
 * @param {Pool} pool
 * @param {Dispatch[]} shown kept at any age
 */
export function prune(pool, shown) {
  for (const id of [...pool.keys()].sort().slice(0, -KEPT)) shown.some((each) => each.id === id) || pool.delete(id);
}

/**
 * The dispatches that may be shown at a time, newest first. One killed during its display delay is left out
 * altogether: the reader never saw it. A tombstone has lost what a filter judges by, so it passes only in place
 * of what has been told.
 *
 * @param {Pool} pool
 * @param {Options} options
 * @param {number} now the log's time in milliseconds; NaN while unknown, when nothing that depends on it shows
 * @param {Pool | undefined} told what this function returned the last time
 * @returns {Dispatch[]}
 */
export function visible(pool, { hold, layout, filters, passes }, now, told) {
  return [...pool.values()].filter((dispatch) => {
    const filed = Date.parse(dispatch.filed);
    return (!hold || filed + hold <= now) && (layout !== "line" || now < filed + LINE) && (
      passes(dispatch) || dispatch.status === "killed" &&
        (told?.has(dispatch.id) || !filters && Date.parse(dispatch.updated) >= filed + hold));
  }).sort((one, other) => (one.id < other.id ? 1 : -1));
}

/**
 * @param {Dispatch[]} shown what the reader sees now
 * @param {Dispatch[]} all what may be shown, newest first
 * @param {Pool} pool
 * @param {Mode} mode
 * @param {string | null} pinned
 * @param {unknown} pending true while history is awaited: what is not known stays until it is there
 * @returns {Dispatch[]} in the order of the list, and maybe more than its limit
 */
export function present(shown, all, pool, mode, pinned, pending) {
  if (mode === "follow") {
    const first = all.find(({ id, status }) => id === pinned && status === "usable");
    const rest = [...all.filter((dispatch) => dispatch !== first), ...shown.filter(({ id }) => pending && !pool.has(id))];
    return first ? [first, ...rest] : rest;
  }
  return shown.flatMap((dispatch) => {
    const next = pool.get(dispatch.id);
    if (!next) return pending ? dispatch : [];
    return mode === "hold" || next.status === "killed" ? next : dispatch;
  });
}
