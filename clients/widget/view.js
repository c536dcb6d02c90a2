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
  const { hold, layout, filtered } = options;
  return [...pool.values()].filter((dispatch) => {
    const filed = Date.parse(dispatch.filed);
    const due = filed + hold * 1000;
    if (hold && !(due <= now)) return false;
    if (layout === "line" && !(now < filed + LINE)) return false;
    if (dispatch.status === "usable") return passes(dispatch, options);
    return told.has(dispatch.id) || !filtered && Date.parse(dispatch.updated) >= due;
  }).sort((one, other) => (one.id < other.id ? 1 : -1));
}

/**
 * What is new since the last time: arrivals oldest first, and what became of the dispatches told before. What
 * history adds below the newest is no arrival.
 *
 * @param {Map<string, Dispatch>} told
 * @param {Dispatch[]} all as visible() returns them
 */
export function news(told, all) {
  const newest = newestOf([...told.values()]);
  return {
    arrived: all.filter(({ id, status }) => id > newest && status === "usable").reverse(),
    corrected: all.filter(({ id, status, revision }) => status === "usable" && revision > (told.get(id)?.revision ?? revision)),
    killed: all.filter(({ id, status }) => status === "killed" && told.get(id)?.status === "usable"),
  };
}

/**
 * @param {Dispatch[]} shown what the reader sees now
 * @param {Dispatch[]} all what may be shown, newest first
 * @param {object} by
 * @param {Pool} by.pool
 * @param {"follow" | "hold" | "pause"} by.mode
 * @param {string | null} by.pinned
 * @param {number} by.limit
 * @param {boolean} by.pending history is awaited: what is older than all that is known stays until it is there
 * @returns {{list: Dispatch[], waiting: number}} waiting: how many new ones the reader does not see yet
 */
export function present(shown, all, { pool, mode, pinned, limit, pending }) {
  if (mode !== "follow") {
    const newest = newestOf(shown);
    const list = shown.flatMap((dispatch) => {
      const next = pool.get(dispatch.id);
      if (!next) return pending ? dispatch : [];
      return mode === "hold" || next.status === "killed" ? next : dispatch;
    });
    return { list, waiting: all.filter(({ id, status }) => id > newest && status === "usable").length };
  }
  const head = all.filter(({ id, status }) => id === pinned && status === "usable");
  const list = [...head, ...all.filter((dispatch) => dispatch !== head[0])];
  const oldest = [...pool.keys()].sort()[0] ?? "";
  if (pending) list.push(...shown.filter(({ id }) => id < oldest));
  return { list: list.slice(0, limit), waiting: 0 };
}

/** @param {Dispatch[]} dispatches */
function newestOf(dispatches) {
  return dispatches.reduce((newest, { id }) => (id > newest ? id : newest), "");
}
