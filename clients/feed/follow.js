/**
 * A feed, followed: the line kept up by connection.js, its frames folded by fold.js, and what may honestly be
 * said about it measured by freshness.js. Both the reader page and the widget stand on this and add only looks.
 *
 * @import { Dispatch, FeedState, Frame, SnapshotFrame, World } from "./frames.d.ts"
 * @import { LineState } from "./connection.js"
 * @import { Status } from "./freshness.js"
 */

import { browser } from "./browser.js";
import { connect } from "./connection.js";
import { empty, fold, learn } from "./fold.js";
import { measure, start, step } from "./freshness.js";

/** An age is shown in whole seconds, so it is measured each second. Milliseconds. */
const TICK = 1_000;

/**
 * What changed. `frame` is the frame that did it, or null when only the status did; `previous` is the state
 * before it.
 *
 * @typedef {object} Change
 * @property {Frame | null} frame
 * @property {FeedState} state what the feed shows
 * @property {FeedState} previous
 * @property {Status} status what may be said about it at this moment
 * @property {number | null} watching how many follow it, as last told; null while that is not known
 * @property {number} skew by how many milliseconds this machine's wall clock is ahead of the server's
 *
 * @typedef {object} Wishes
 * @property {string} src where the service is: "https://ticker.example"
 * @property {string} feed
 * @property {SnapshotFrame} [snapshot] what the page already shows; followed from its position
 * @property {number} limit how many lines to keep
 * @property {(change: Change) => void} onchange
 *
 * @typedef {object} Following
 * @property {FeedState} state
 * @property {Status} status
 * @property {(dispatch: Dispatch) => void} learn the pinned line, which no frame brought and somebody asked for
 * @property {() => void} close
 */

/**
 * @param {Wishes & Partial<World>} wishes anything of the world that is not given is the browser's
 * @returns {Following}
 */
export function follow({ src, feed, snapshot, limit, onchange, ...given }) {
  const world = "document" in globalThis ? { ...browser(), ...given } : /** @type {World} */ (given);
  const { clock, timers } = world;
  let state = snapshot ? fold(empty(feed), snapshot, { limit }) : empty(feed);
  let fresh = start(clock());
  /** @type {number | null} */
  let watching = null;
  /** @type {unknown} */
  let ticking;
  let told = "";

  const status = () => measure(fresh, state.air.on, clock());

  /** @param {Frame | null} frame @param {FeedState} previous */
  function tell(frame, previous) {
    const now = status();
    if (now.name === "delayed" || now.name === "catching-up") watching = null;
    const saying = `${now.name} ${now.age}`;
    if (frame || saying !== told) {
      told = saying;
      onchange({ frame, state, previous, status: now, watching, skew: fresh.skew });
    }
  }

  /** @param {Frame} frame */
  function onframe(frame) {
    const previous = state;
    fresh = step(fresh, { type: "frame", frame }, clock());
    if (frame.type === "beat") watching = frame.watching ?? null;
    state = fold(state, frame, { limit });
    tell(frame, previous);
  }

  /** @param {LineState} line */
  function onstate(line) {
    if (line === "open" || line === "closed") return;
    fresh = step(fresh, { type: line === "connecting" ? "connecting" : "lost" }, clock());
    tell(null, state);
  }

  function tick() {
    tell(null, state);
    ticking = timers.set(tick, TICK);
  }

  const url = new URL(`/v1/feeds/${encodeURIComponent(feed)}/live`, src).href;
  const line = connect({ ...world, url, after: state.position, onframe, onstate });
  ticking = timers.set(tick, TICK);

  return {
    get state() {
      return state;
    },
    get status() {
      return status();
    },
    learn(dispatch) {
      state = learn(state, dispatch);
    },
    close() {
      timers.clear(ticking);
      line.close();
    },
  };
}
