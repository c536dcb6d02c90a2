/**
 * What one widget knows of its feed: the dispatches that pass its filters, by id. It is kept apart from the
 * state that all widgets of a feed share, because what does not pass must not push out what does.
 *
 * Frames and history may come in any order: a dispatch is replaced only by a later revision or by its tombstone.
 *
 * @import { Dispatch } from "../feed/frames.d.ts"
 */

import { supersedes } from "../feed/fold.js";

/** Dispatches kept; twice what a widget can show. */
export const KEPT = 100;

/** @typedef {Map<string, Dispatch>} Pool */

/**
 * @param {Pool} pool
 * @param {Dispatch} dispatch
 * @param {boolean} admit true to take it if it is unknown so far
 */
export function merge(pool, dispatch, admit) {
  const known = pool.get(dispatch.id);
  if (known ? supersedes(dispatch, known) : admit) pool.set(dispatch.id, dispatch);
}

/**
 * Forgets the oldest beyond the limit.
 *
 * @param {Pool} pool
 * @param {Dispatch[]} needed kept at any age: what is shown
 */
export function prune(pool, needed) {
  for (const id of [...pool.keys()].sort().slice(0, -KEPT)) if (!needed.some((each) => each.id === id)) pool.delete(id);
}
