/**
 * A line on its own page. It isn't a list and says nothing about LIVE; but a correction and a kill must reach
 * it as they reach every other open page.
 *
 * @import { Dispatch, Frame } from "../feed/frames.d.ts"
 */

import { follow } from "../feed/follow.js";
import { lines } from "./list.js";
import { data, part, setting } from "./page.js";
import { times } from "./times.js";

const { snapshot, words } = data();
const list = part("lines");
const clock = times(words, () => Date.now());
const rows = lines(list, setting(list, snapshot.feed, words), clock);
let shown = /** @type {Dispatch} */ (snapshot.dispatches[0]);
const { id } = shown;

/** @param {Dispatch | undefined} dispatch what some source says the line is now */
function show(dispatch) {
  if (dispatch?.id !== id || shown.status === "killed") return;
  if (dispatch.status === "usable" && dispatch.revision <= shown.revision) return;
  shown = dispatch;
  rows.show([dispatch], null);
  if (dispatch.status !== "killed") return;
  document.getElementById("history")?.remove();
  document.title = words.withdrawn;
}

/**
 * A snapshot holds the newest lines only. What happened to an older one has to be asked; an answer that
 * doesn't come is asked for again at the next snapshot.
 */
async function ask() {
  const answer = await fetch(`/v1/feeds/${snapshot.feed}/dispatches/${id}`);
  const found = await answer.json();
  show(answer.status === 410 ? found.dispatch : found);
}

/** @param {Frame} frame */
function take(frame) {
  if (frame.type === "dispatch") {
    show(frame.dispatch);
  } else if (frame.type === "kill" && frame.id === id) {
    show({ id, status: "killed", reason: frame.reason, filed: frame.filed, updated: frame.at, revision: frame.revision });
  } else if (frame.type === "snapshot") {
    const now = frame.dispatches.find((dispatch) => dispatch.id === id);
    if (now) show(now);
    else ask().catch(() => {});
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
