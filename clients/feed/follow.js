/**
 * A feed, followed: the connection kept up by connection.js, its frames folded by fold.js, and what may honestly
 * be said about it measured by freshness.js. Reader page, widget and npm package are built on this and add only looks.
 *
 * LIVE covers the whole way to the reader's eyes: state, position and freshness move on only after `onchange` has
 * shown the frame. One that can't be applied or shown is malformed like one that can't be read.
 *
 * @import { Dispatch, FeedState, Frame, SnapshotFrame, World } from "./frames.d.ts"
 * @import { Status } from "./freshness.js"
 */

import { browser } from "./browser.js";
import { connect, MAX_FAILURES } from "./connection.js";
import { empty, fold, learn } from "./fold.js";
import { measure, start, step } from "./freshness.js";
import { Malformed } from "./read.js";

/**
 * What changed. `frame` is the frame that did it, or null when only the status did; `previous` is the state
 * before it.
 *
 * @typedef {object} Change
 * @property {Frame | null} frame
 * @property {FeedState} state what the feed shows
 * @property {FeedState} previous
 * @property {Status} status what may be said about it at this moment
 * @property {number | null} watching how many follow it, as last reported; null while that is not known
 * @property {number} skew by how many milliseconds this machine's wall clock is ahead of the server's
 *
 * @typedef {object} Options
 * @property {string} src where the service is, with its path if it has one: "https://news.example/ticker"
 * @property {string} feed
 * @property {SnapshotFrame} [snapshot] what the page already shows; followed from its position
 * @property {number} limit how many dispatches to keep
 * @property {(change: Change) => void} onchange called for each frame and each change of status. It shows the frame
 *   before it returns; if it throws, the frame counts as malformed and comes again
 * @property {(status: Status) => void} [onstate] called when the name of the status changes, or `reload`
 *
 * @typedef {object} Following
 * @property {FeedState} state
 * @property {Status} status
 * @property {(dispatch: Dispatch) => void} learn the pinned dispatch, which no frame brought and the caller requested
 * @property {(error?: unknown) => void} fault says that something which came earlier could not be shown
 * @property {() => void} sleep disconnects and keeps the state
 * @property {() => void} wake connects again; LIVE needs new proof
 * @property {() => void} close
 */

/**
 * @param {Options & Partial<World>} options anything of the world that is not given is the browser's, or Node's
 * @returns {Following}
 */
export function follow({ src, feed, snapshot, limit, onchange, onstate, ...given }) {
  const world = { ...browser(), ...given };
  const { clock } = world;
  const nothing = empty(feed);
  /** All that a frame moves on, so that it can be put back. */
  let now = {
    state: snapshot ? fold(nothing, snapshot, { limit }) : nothing,
    fresh: start(clock()),
    watching: /** @type {number | null} */ (null),
    closed: Boolean(snapshot?.closed),
  };
  let faults = 0;
  let reported = "";
  let reportedState = "";
  let { report: fault } = world;

  /** @returns {Status} */
  function status() {
    const { state, fresh, closed } = now;
    let { name, age } = measure(fresh, state.air.on, clock());
    if (name !== "delayed" && faults > MAX_FAILURES) name = "catching-up";
    if (name === "catching-up" && state.position === null) name = "connecting";
    if (closed) name = "closed";
    return { name, age, reload: faults > MAX_FAILURES + 0.5 };
  }

  /** @param {Frame | null} frame @param {FeedState} previous */
  function report(frame, previous) {
    const current = status();
    const { name, age, reload } = current;
    const key = name + reload;
    if (!/^live|off/.test(name)) now.watching = null;
    const { state, watching, fresh } = now;
    if (frame || reported !== key + age) {
      reported = key + age;
      onchange({ frame, state, previous, status: current, watching, skew: fresh.skew });
    }
    if (reportedState !== key) {
      reportedState = key;
      onstate?.(current);
    }
  }

  const connection = connect({
    ...world,
    url: `${src.replace(/\/+$/, "")}/v1/feeds/${encodeURIComponent(feed)}`,
    after: now.state.position,
    closed: now.closed,
    onframe(frame) {
      const before = now;
      const { state, fresh } = now;
      if (frame.type === "beat" && frame.position !== state.position) throw new Malformed();
      now = { ...now, state: fold(state, frame, { limit }), fresh: step(fresh, { type: "frame", frame }, clock()) };
      if (frame.type === "beat") now.watching = frame.watching ?? null;
      if (frame.type === "snapshot") now.closed = Boolean(frame.closed);
      try {
        report(frame, state);
      } catch (error) {
        now = { ...before, fresh: step(fresh, { type: "lost" }, clock()) };
        throw error;
      }
      return fresh.opened && !now.fresh.opened;
    },
    onstate(type, count) {
      if (type === "open") return;
      faults = count;
      now.closed ||= type === "closed";
      if (type) now.fresh = step(now.fresh, { type }, clock());
      try {
        report(null, now.state);
      } catch (error) {
        fault(error); // a status that can't be shown must not leave LIVE on the page
      }
    },
  });
  ({ fault } = connection);

  return {
    ...connection,
    get state() {
      return now.state;
    },
    get status() {
      return status();
    },
    learn(dispatch) {
      now.state = learn(now.state, dispatch);
    },
  };
}
