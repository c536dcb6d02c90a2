/**
 * What a feed shows, as a pure function of its frames: the same rules as the service's own fold, and held
 * to the same golden cases.
 *
 * - Ids sort in filing order, so a dispatch's place is known from its id alone and arrival order can't corrupt it.
 * - A dispatch older than the oldest one shown is outside the window: its correction or kill has nothing to change here.
 * - A kill is final. No later frame brings the text back.
 * - The pinned dispatch is kept beside the list while it is known and not in it.
 *
 * @import { Dispatch, FeedState, Frame, KillFrame, Tombstone } from "./frames.d.ts"
 */

/** @param {string} feed @returns {FeedState} */
export function empty(feed) {
  return { feed, position: null, air: { on: false, label: null, url: null }, pinned: null, dispatches: [] };
}

/**
 * The state after one more frame. Never changes the one given. Of a frame of an unknown type only the position
 * counts, so that a page opened today survives a server of tomorrow. A beat moves no position: it proves one.
 *
 * @param {FeedState} state
 * @param {Frame} frame
 * @param {{limit: number}} bounds how many dispatches to keep
 * @returns {FeedState}
 */
export function fold(state, frame, { limit }) {
  const next = change(state, frame, limit);
  return "position" in frame && frame.type !== "beat" ? { ...next, position: frame.position } : next;
}

/** @param {FeedState} state @param {Frame} frame @param {number} limit @returns {FeedState} */
function change(state, frame, limit) {
  switch (frame.type) {
    case "snapshot": {
      const { feed, position, air, pinned = null, dispatches, pinned_dispatch } = frame;
      const known = find(dispatches, pinned) ?? pinned_dispatch;
      return withPinned({ feed, position, air, pinned, dispatches: dispatches.slice(0, limit) }, known);
    }
    case "dispatch":
      return put(state, frame.dispatch, limit);
    case "kill":
      return put(state, tombstone(frame), limit);
    case "pin":
      return frame.id === state.pinned ? state : { ...withoutPinned(state), pinned: frame.id };
    case "air":
      return { ...state, air: frame.air };
    default:
      return state;
  }
}

/**
 * The state with the pinned dispatch beside its list, if this is the one: for a pin of a dispatch that no frame
 * brought, which took a request. A later version that is known already stays.
 *
 * @param {FeedState} state
 * @param {Dispatch} dispatch
 */
export function learn(state, dispatch) {
  const known = state.pinned_dispatch;
  return known && !supersedes(dispatch, known) ? state : withPinned(state, dispatch);
}

/** Returns true if no frame brought the pinned dispatch. @param {FeedState} state */
export function pinIsMissing({ pinned, dispatches, pinned_dispatch }) {
  return pinned !== null && !pinned_dispatch && !find(dispatches, pinned);
}

/** @param {FeedState} state @returns {FeedState} */
function withoutPinned({ pinned_dispatch, ...state }) {
  return state;
}

/** @param {FeedState} state @param {Dispatch | null | undefined} dispatch @returns {FeedState} */
function withPinned(state, dispatch) {
  const apart = dispatch?.id === state.pinned && !find(state.dispatches, state.pinned);
  return dispatch && apart ? { ...state, pinned_dispatch: dispatch } : state;
}

/** @param {Dispatch[]} dispatches @param {string | null | undefined} wanted */
export function find(dispatches, wanted) {
  return dispatches.find(({ id }) => id === wanted);
}

/** @param {KillFrame} kill @returns {Tombstone} */
export function tombstone({ id, reason, filed, at, revision }) {
  return { id, status: "killed", reason, filed, updated: at, revision };
}

/** @param {FeedState} state @param {Dispatch} dispatch @param {number} limit @returns {FeedState} */
function put(state, dispatch, limit) {
  if (state.pinned_dispatch?.id === dispatch.id) return learn(state, dispatch);
  const { dispatches } = state;
  const outside = dispatch.id < (dispatches.at(-1)?.id ?? "");
  const all = outside ? dispatches : place(dispatches, dispatch);
  const next = { ...state, dispatches: all.slice(0, limit) };
  if (state.pinned_dispatch) return next;
  return withPinned(next, find(all, state.pinned) ?? dispatch);
}

/**
 * The list, newest first, with a dispatch in its place, unless the same or a later version is known.
 *
 * @param {Dispatch[]} dispatches
 * @param {Dispatch} dispatch
 */
export function place(dispatches, dispatch) {
  const known = find(dispatches, dispatch.id);
  if (known && !supersedes(dispatch, known)) return dispatches;
  return [...dispatches.filter((each) => each !== known), dispatch].sort((one, other) => (one.id < other.id ? 1 : -1));
}

/** @param {Dispatch} next @param {Dispatch} known */
export function supersedes(next, known) {
  return known.status !== "killed" && (next.status === "killed" || next.revision > known.revision);
}
