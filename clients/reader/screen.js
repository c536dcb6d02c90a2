/**
 * What the reader sees, which may lag behind what the feed shows, for two reasons: a reader who has scrolled
 * down must not have the page move, and one who has paused must not have it change.
 *
 *   mode     a new dispatch  a correction   a kill     a snapshot
 *   ───────  ──────────────  ─────────────  ─────────  ─────────────────────────────────────────────
 *   follow   shown           shown          shown      shown
 *   hold     waits           shown          shown      corrects and kills what is shown; the rest waits
 *   pause    waits           waits          shown      kills what is shown; the rest waits
 *
 * Pins wait like new dispatches do; they move what is shown. A kill never waits. A dispatch that a snapshot no longer
 * has is removed too, in every mode: no frame would report its kill.
 *
 * @import { Dispatch, FeedState, Frame, SnapshotFrame } from "../feed/frames.d.ts"
 */

import { fold } from "../feed/fold.js";

/**
 * @typedef {"follow" | "hold" | "pause"} Mode
 * @typedef {{shown: FeedState, waiting: number, more: boolean}} Screen waiting: how many new dispatches the reader doesn't see yet; more: and that
 *   there were others, which the feed's window no longer has
 */

/**
 * @param {FeedState} shown
 * @param {Frame | null} frame what changed the feed; null when only the mode changed
 * @param {FeedState} state what the feed shows now
 * @param {Mode} mode
 * @param {number} limit
 * @returns {Screen}
 */
export function present(shown, frame, state, mode, limit) {
  if (mode === "follow") return { shown: state, waiting: 0, more: false };
  const next = frame ? admit(shown, frame, mode, limit) : shown;
  return { shown: next, ...waiting(next, state, limit) };
}

/** @param {FeedState} shown @param {Frame} frame @param {Mode} mode @param {number} limit */
function admit(shown, frame, mode, limit) {
  /** @param {string} id */
  const seen = (id) => shown.pinned_dispatch?.id === id || shown.dispatches.some((dispatch) => dispatch.id === id);
  switch (frame.type) {
    case "kill":
      return seen(frame.id) ? fold(shown, frame, { limit }) : shown;
    case "dispatch":
      return mode === "hold" && seen(frame.dispatch.id) ? fold(shown, frame, { limit }) : shown;
    case "snapshot":
      return outlast(shown, frame, mode);
    default:
      return shown;
  }
}

/** @param {FeedState} shown @param {SnapshotFrame} frame @param {Mode} mode @returns {FeedState} */
function outlast({ pinned_dispatch: older, ...shown }, { dispatches, pinned_dispatch }, mode) {
  const fresh = pinned_dispatch ? [...dispatches, pinned_dispatch] : dispatches;
  const next = { ...shown, dispatches: [...survivors(shown.dispatches, fresh, mode)] };
  const [still] = older ? survivors([older], fresh, mode) : [];
  return still ? { ...next, pinned_dispatch: still } : next;
}

/** @param {Dispatch[]} shown @param {Dispatch[]} fresh @param {Mode} mode */
function* survivors(shown, fresh, mode) {
  const byId = new Map(fresh.map((dispatch) => [dispatch.id, dispatch]));
  for (const dispatch of shown) {
    const now = byId.get(dispatch.id);
    if (now) yield mode === "hold" || now.status === "killed" ? now : dispatch;
  }
}

/** @param {FeedState} shown @param {FeedState} state @param {number} limit */
function waiting(shown, { dispatches }, limit) {
  const newest = shown.dispatches[0]?.id ?? "";
  const oldest = dispatches[dispatches.length - 1]?.id ?? "";
  return {
    waiting: dispatches.filter(({ id, status }) => id > newest && status === "usable").length,
    more: oldest > newest && (newest !== "" || dispatches.length >= limit),
  };
}
