/**
 * A line on its own page. It isn't a list and says nothing about LIVE; but a correction and a kill must reach
 * it as they reach every other open page.
 *
 * @import { Dispatch, Frame } from "../feed/frames.d.ts"
 */

import { supersedes, tombstone } from "../feed/fold.js";
import { follow } from "../feed/follow.js";
import { asking, dispatch } from "./ask.js";
import { lines } from "./list.js";
import { data, part, setting } from "./page.js";
import { times } from "./times.js";

const { snapshot, words } = data();
const list = part("lines");
const clock = times(words, () => Date.now());
const rows = lines(list, setting(list, snapshot.feed, words), clock);
let shown = /** @type {Dispatch} */ (snapshot.dispatches[0]);
const { id } = shown;

/** @param {Dispatch | undefined} now what some source says the line is */
function show(now) {
  if (now?.id !== id || !supersedes(now, shown)) return;
  shown = now;
  rows.show([now], null);
  if (now.status !== "killed") return;
  document.getElementById("history")?.remove();
  document.title = words.withdrawn;
}

/** A snapshot holds the newest lines only. What happened to an older one has to be asked. */
const fate = asking(() => dispatch(snapshot.feed, id), show);

/** @param {Frame} frame */
function take(frame) {
  if (frame.type === "dispatch") {
    show(frame.dispatch);
  } else if (frame.type === "kill" && frame.id === id) {
    show(tombstone(frame));
  } else if (frame.type === "snapshot") {
    const now = frame.dispatches.find((dispatch) => dispatch.id === id);
    if (now) show(now);
    else fate.ask();
  } else if (frame.type === "beat") {
    fate.again();
  }
}

follow({
  src: location.origin,
  feed: snapshot.feed,
  snapshot,
  limit: 1,
  onchange: ({ frame }) => frame && take(frame),
});
clock.paint(document);
