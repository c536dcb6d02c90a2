/**
 * The page of one dispatch. It isn't a list and says nothing about LIVE, only as of when it is complete; but a correction
 * and a kill must reach it as they reach every other open page.
 *
 * @import { Dispatch, Frame } from "../feed/frames.d.ts"
 */

import { supersedes, tombstone } from "../feed/fold.js";
import { follow } from "../feed/follow.js";
import { asOf } from "./as-of.js";
import { dispatchList } from "./list.js";
import { data, part, removeDescription, setTitle, setting } from "./page.js";
import { fetchDispatch, retrying } from "./requests.js";
import { REPAINT, times } from "./times.js";

const page = data();
const { snapshot, words, base = "" } = page;
const list = part("dispatches");
let skew = 0;
const clock = times(words, () => Date.now() - skew);
const rows = dispatchList(list, setting(list, page), clock);
const proven = asOf(part("as-of"), clock);
let shown = /** @type {Dispatch} */ (snapshot.dispatches[0]);
const { id } = shown;

/** @param {Dispatch | undefined} now what some source says the dispatch is */
function show(now) {
  if (now?.id !== id || !supersedes(now, shown)) return;
  rows.show([now], null);
  shown = now;
  setTitle(now.status === "killed" ? words.withdrawn : now.text);
  removeDescription(); // it is of the version before
  if (now.status === "killed") document.getElementById("history")?.remove();
}

/** A snapshot holds the newest dispatches only. What happened to an older one takes a request. */
const current = retrying(() => fetchDispatch(`${base}/v1/feeds/${snapshot.feed}`, id), show);

/** @param {Frame} frame */
function take(frame) {
  if (frame.type === "dispatch") {
    show(frame.dispatch);
  } else if (frame.type === "kill" && frame.id === id) {
    show(tombstone(frame));
  } else if (frame.type === "snapshot") {
    const now = frame.dispatches.find((dispatch) => dispatch.id === id);
    if (now) show(now);
    else current.send();
  } else if (frame.type === "beat") {
    current.retry();
  }
}

follow({
  src: base || location.origin,
  feed: snapshot.feed,
  snapshot,
  limit: 1,
  onchange({ frame, skew: ahead }) {
    skew = ahead;
    if (frame) take(frame);
    if (!current.pending) proven.update(frame);
  },
});
const repaint = () => clock.paint(document);
setInterval(repaint, REPAINT);
repaint();
