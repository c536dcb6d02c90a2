/**
 * A feed, followed: the connection kept up by connection.js, its frames folded by fold.js, and what may honestly
 * be said about it measured by freshness.js. Reader page, widget and npm package stand on this and add only looks.
 *
 * LIVE covers the whole way to the reader's eyes: state, position and freshness move on only after `onchange` has
 * shown the frame. One that can't be applied or shown is malformed like one that can't be read.
 *
 * @import { Dispatch, FeedState, Frame, SnapshotFrame, World } from "./frames.d.ts"
 * @import { ConnectionState, Connection } from "./connection.js"
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
 * @property {number | null} watching how many follow it, as last told; null while that is not known
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
 * @property {(dispatch: Dispatch) => void} learn the pinned dispatch, which no frame brought and somebody asked for
 * @property {(error?: unknown) => void} fault says that something which came earlier could not be shown
 * @property {() => void} sleep hangs up and keeps the state
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
  let state = snapshot ? fold(empty(feed), snapshot, { limit }) : empty(feed);
  let closed = Boolean(snapshot?.closed);
  let fresh = start(clock());
  /** @type {number | null} */
  let watching = null;
  /** @type {Connection | undefined} */
  let connection;
  let told = "";
  let toldState = "";

  /** @returns {Status} */
  function status() {
    const now = measure(fresh, state.air.on, clock());
    const { faults = 0, shaky = false } = connection ?? {};
    const reload = faults > MAX_FAILURES;
    if (closed) now.name = "closed";
    else if ((reload || shaky) && now.name !== "delayed") now.name = "catching-up";
    if (now.name === "catching-up" && state.position === null) now.name = "connecting";
    return reload ? { ...now, reload } : now;
  }

  /** @param {Frame | null} frame @param {FeedState} previous */
  function tell(frame, previous) {
    const now = status();
    const { name, age, reload } = now;
    if (name !== "live" && name !== "off-air") watching = null;
    if (frame || told !== `${name} ${reload} ${age}`) {
      told = `${name} ${reload} ${age}`;
      onchange({ frame, state, previous, status: now, watching, skew: fresh.skew });
    }
    if (toldState !== `${name} ${reload}`) {
      toldState = `${name} ${reload}`;
      onstate?.(now);
    }
  }

  /** The status alone. One that can't be shown must not leave LIVE standing. */
  function tick() {
    try {
      tell(null, state);
    } catch (error) {
      connection?.fault(error);
    }
  }

  connection = connect({
    ...world,
    url: `${src.replace(/\/+$/, "")}/v1/feeds/${encodeURIComponent(feed)}`,
    after: state.position,
    closed,
    onframe(frame) {
      const before = { state, fresh, watching, closed };
      if (frame.type === "beat" && frame.position !== state.position) throw new Malformed("gap");
      try {
        state = fold(state, frame, { limit });
        fresh = step(fresh, { type: "frame", frame }, clock());
        if (frame.type === "beat") watching = frame.watching ?? null;
        if (frame.type === "snapshot") closed = Boolean(frame.closed);
        tell(frame, before.state);
      } catch (error) {
        ({ state, watching, closed } = before);
        fresh = step(before.fresh, { type: "lost" }, clock());
        throw error;
      }
    },
    onstate(now) {
      if (now === "open" || now === "over") return;
      if (now === "closed") closed = true;
      const type = now === "waiting" || now === "closed" || now === "unsure" ? "lost" : now;
      fresh = step(fresh, { type }, clock());
      tick();
    },
    ontick: tick,
  });
  const { fault, sleep, wake, close } = connection;

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
    fault,
    sleep,
    wake,
    close,
  };
}
