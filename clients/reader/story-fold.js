/**
 * The dispatches of one story, newest first, as a pure function of the feed's frames. Unlike a feed's list it has no
 * window: a dispatch's place in it may be anywhere, and a correction may move one into the story or out of it.
 *
 *   a frame brings              and the dispatch is here          and it is not
 *   ──────────────────────────  ────────────────────────────────  ─────────────────────
 *   a dispatch of this story    replaced, if newer                inserted in its place
 *   a dispatch of another       removed, if newer                 –
 *   a kill                      a tombstone in its place          –
 *
 * @import { Dispatch, Frame } from "../feed/frames.d.ts"
 */

import { supersedes, tombstone } from "../feed/fold.js";

/**
 * @typedef {object} Page which dispatches of the story it has
 * @property {string} story
 * @property {string} [before] only those older than the one with this id
 * @property {number} limit at most so many, the newest
 *
 * @param {Dispatch[]} dispatches newest first; never changed
 * @param {Frame} frame
 * @param {Page} page
 * @returns {Dispatch[]} the same if the frame says nothing of this page
 */
export function foldStory(dispatches, frame, { story, before, limit }) {
  if (frame.type === "kill") return replace(dispatches, tombstone(frame));
  if (frame.type !== "dispatch" || frame.dispatch.status === "killed") return dispatches; // a kill has a frame of its own
  const { dispatch } = frame;
  const known = dispatches.some(({ id }) => id === dispatch.id);
  if (dispatch.story !== story) return known ? remove(dispatches, dispatch) : dispatches;
  if (known) return replace(dispatches, dispatch);
  return before === undefined || dispatch.id < before ? insert(dispatches, dispatch).slice(0, limit) : dispatches;
}

/** @param {Dispatch[]} dispatches @param {Dispatch} next */
function replace(dispatches, next) {
  const known = dispatches.find(({ id }) => id === next.id);
  return known && supersedes(next, known) ? dispatches.map((dispatch) => (dispatch === known ? next : dispatch)) : dispatches;
}

/** @param {Dispatch[]} dispatches @param {Dispatch} next */
function remove(dispatches, next) {
  const rest = dispatches.filter((known) => known.id !== next.id || !supersedes(next, known));
  return rest.length < dispatches.length ? rest : dispatches;
}

/** @param {Dispatch[]} dispatches @param {Dispatch} next */
function insert(dispatches, next) {
  const at = dispatches.findIndex(({ id }) => id < next.id);
  return at < 0 ? [...dispatches, next] : [...dispatches.slice(0, at), next, ...dispatches.slice(at)];
}

/**
 * What a paused reader still sees: the same dispatches, without those that are gone and with the tombstones of
 * those that were killed.
 *
 * @param {Dispatch[]} shown
 * @param {Dispatch[]} now
 */
export function whilePaused(shown, now) {
  return shown.flatMap((dispatch) => {
    const next = now.find(({ id }) => id === dispatch.id);
    if (!next) return [];
    return next.status === "killed" ? next : dispatch;
  });
}

/**
 * The slug of a story as words, as the template writes it: `marada-bridge` is "Marada bridge".
 *
 * @param {string} slug
 */
export function storyTitle(slug) {
  const text = slug.split("-").filter(Boolean).join(" ");
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
