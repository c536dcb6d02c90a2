/**
 * The dispatches of one story, newest first, as a pure function of the feed's frames. Unlike a feed's list it has no
 * window: a dispatch's place in it may be anywhere, and a correction may carry one into the story or out of it.
 *
 *   a frame brings          and the line is here              and it is not
 *   ──────────────────────  ────────────────────────────────  ─────────────────────
 *   a line of this story    replaced, if newer                comes to its place
 *   a line of another       goes, if newer                    –
 *   a kill                  a tombstone in its place          –
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
 * @param {Dispatch[]} lines newest first; never changed
 * @param {Frame} frame
 * @param {Page} page
 * @returns {Dispatch[]} the same if the frame says nothing of this page
 */
export function chronicle(lines, frame, { story, before, limit }) {
  if (frame.type === "kill") return change(lines, tombstone(frame));
  if (frame.type !== "dispatch" || frame.dispatch.status === "killed") return lines; // a kill has a frame of its own
  const line = frame.dispatch;
  const known = lines.some(({ id }) => id === line.id);
  if (line.story !== story) return known ? leave(lines, line) : lines;
  if (known) return change(lines, line);
  return before === undefined || line.id < before ? enter(lines, line).slice(0, limit) : lines;
}

/** @param {Dispatch[]} lines @param {Dispatch} next */
function change(lines, next) {
  const known = lines.find(({ id }) => id === next.id);
  return known && supersedes(next, known) ? lines.map((line) => (line === known ? next : line)) : lines;
}

/** @param {Dispatch[]} lines @param {Dispatch} next */
function leave(lines, next) {
  const rest = lines.filter((known) => known.id !== next.id || !supersedes(next, known));
  return rest.length < lines.length ? rest : lines;
}

/** @param {Dispatch[]} lines @param {Dispatch} next */
function enter(lines, next) {
  const at = lines.findIndex(({ id }) => id < next.id);
  return at < 0 ? [...lines, next] : [...lines.slice(0, at), next, ...lines.slice(at)];
}

/**
 * What a reader who has paused goes on to see: the same lines, without those that are gone and with the tombstones
 * of those that were killed.
 *
 * @param {Dispatch[]} shown
 * @param {Dispatch[]} now
 */
export function still(shown, now) {
  return shown.flatMap((line) => {
    const next = now.find(({ id }) => id === line.id);
    if (!next) return [];
    return next.status === "killed" ? next : line;
  });
}
