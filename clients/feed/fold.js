/**
 * What a feed shows, as a pure function of its frames: the same rules as the service's own fold, and held
 * to the same golden cases.
 *
 * - Ids sort in filing order, so a line's place is known from its id alone and arrival order can't corrupt it.
 * - A line older than the oldest one shown is outside the window: its correction or kill has nothing to change here.
 * - A kill is final. No later frame brings the text back.
 *
 * @import { Dispatch, FeedState, Frame, KillFrame, Tombstone } from "./frames.d.ts"
 */

/** @param {string} feed @returns {FeedState} */
export function empty(feed) {
  return { feed, position: null, air: { on: false, label: null, url: null }, pinned: null, dispatches: [] };
}

/**
 * The state after one more frame. Never changes the one given. Frames of an unknown type are left alone,
 * so that a page opened today survives a server of tomorrow.
 *
 * @param {FeedState} state
 * @param {Frame} frame
 * @param {{limit: number}} bounds how many lines to keep
 * @returns {FeedState}
 */
export function fold(state, frame, { limit }) {
  switch (frame.type) {
    case "snapshot": {
      const { feed, position, air, pinned } = frame;
      return { feed, position, air, pinned: pinned ?? null, dispatches: frame.dispatches.slice(0, limit) };
    }
    case "dispatch":
      return { ...state, position: frame.position, dispatches: place(state.dispatches, frame.dispatch, limit) };
    case "kill":
      return { ...state, position: frame.position, dispatches: place(state.dispatches, tombstone(frame), limit) };
    case "pin":
      return { ...state, position: frame.position, pinned: frame.id };
    case "air":
      return { ...state, position: frame.position, air: frame.air };
    case "beat":
      return frame.position === state.position ? state : { ...state, position: frame.position };
    default:
      return state;
  }
}

/** @param {KillFrame} kill @returns {Tombstone} */
function tombstone({ id, reason, filed, at, revision }) {
  return { id, status: "killed", reason, filed, updated: at, revision };
}

/**
 * @param {Dispatch[]} dispatches
 * @param {Dispatch} dispatch
 * @param {number} limit
 */
function place(dispatches, dispatch, limit) {
  const at = dispatches.findIndex(({ id }) => id <= dispatch.id);
  const known = dispatches[at];
  if (!known) return dispatches.length ? dispatches : [dispatch];
  if (known.id !== dispatch.id) return dispatches.toSpliced(at, 0, dispatch).slice(0, limit);
  return supersedes(dispatch, known) ? dispatches.with(at, dispatch) : dispatches;
}

/** @param {Dispatch} next @param {Dispatch} known */
function supersedes(next, known) {
  return next.status === "killed" || (known.status !== "killed" && next.revision > known.revision);
}
