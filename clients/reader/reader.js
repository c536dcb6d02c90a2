/**
 * The reader page: takes over what the template drew, follows the feed, and shows each change in the way the
 * reader's place allows.
 *
 * @import { FeedState, Frame } from "../feed/frames.d.ts"
 * @import { Mode } from "./screen.js"
 */

import { browser } from "../feed/browser.js";
import { wanting } from "../feed/fold.js";
import { follow } from "../feed/follow.js";
import { announcer } from "./announce.js";
import { asking, dispatch } from "./ask.js";
import { badge } from "./badge.js";
import { broadcast } from "./broadcast.js";
import { lines } from "./list.js";
import { data, part, setting } from "./page.js";
import { present } from "./screen.js";
import { steady } from "./steady.js";
import { times } from "./times.js";
import { say } from "./words.js";

/** Lines kept on the page. */
const LIMIT = 100;

/** A page scrolled by no more than this still counts as read from the top. CSS pixels. */
const TOP = 8;

/** How often "2 min" is looked at again. Milliseconds. */
const REPAINT = 15_000;

const { snapshot, words } = data();
const list = part("lines");
const bar = part("bar");
const pause = part("pause");
const fresh = part("fresh");
const nothing = part("nothing");

let skew = 0;
let paused = false;

const clock = times(words, () => Date.now() - skew);
const rows = lines(list, setting(list, snapshot.feed, words), clock);
const lamp = badge({ badge: part("badge"), word: part("badge-word"), count: part("watching") }, words);
const voice = announcer({ polite: part("said"), alert: part("alarm") }, words, browser().timers);
const onAir = broadcast(part("broadcast"), words);

const feed = follow({
  src: location.origin,
  feed: snapshot.feed,
  snapshot,
  limit: LIMIT,
  onchange(change) {
    const { frame, state, previous, status, watching } = change;
    skew = change.skew;
    lamp.show(status, watching, paused);
    if (!frame) return;
    if (frame.type === "beat") {
      repaint();
      pin.again();
    }
    if (!paused) voice.hear(frame, previous);
    onAir.show(state.air);
    show(frame, state);
    if (frame.type === "pin" || frame.type === "snapshot") seek(state);
  },
});

/** A pin names a line by its id; one that is older than the page's lines has to be asked for. */
const pin = asking(
  async () => dispatch(snapshot.feed, feed.state.pinned ?? ""),
  (found) => {
    if (found) feed.learn(found);
    show(null, feed.state);
  },
);

/** @param {FeedState} state */
function seek(state) {
  if (wanting(state)) pin.ask();
  else pin.drop();
}

/** @type {FeedState} */
let shown = feed.state;

/** @returns {Mode} */
function mode() {
  if (paused) return "pause";
  return scrollY > TOP ? "hold" : "follow";
}

/** @param {Frame | null} frame null when only the reader's place changed @param {FeedState} state */
function show(frame, state) {
  const screen = present(shown, frame, state, mode(), LIMIT);
  if (screen.shown !== shown) {
    const { dispatches, pinned, pinned_dispatch } = (shown = screen.shown);
    const draw = () => rows.show(dispatches, pinned, pinned_dispatch);
    if (mode() === "follow") draw();
    else steady(list, bar.getBoundingClientRect().bottom, draw);
    nothing.hidden = dispatches.length > 0;
  }
  fresh.hidden = paused || screen.waiting === 0;
  fresh.textContent = fresh.hidden ? "" : say(words.new, { n: screen.waiting });
}

/** To the top and to now, which are the same place. */
function catchUp() {
  scrollTo({ top: 0, behavior: "instant" });
  show(null, feed.state);
}

function repaint() {
  if (!paused) clock.paint(list);
}

fresh.addEventListener("click", () => {
  catchUp();
  list.focus({ preventScroll: true });
});

pause.addEventListener("click", () => {
  paused = !paused;
  pause.textContent = paused ? words.resume : words.pause;
  if (paused) voice.hush();
  else catchUp();
  lamp.show(feed.status, null, paused);
  repaint();
});

addEventListener("scroll", () => {
  if (mode() === "follow" && shown !== feed.state) show(null, feed.state);
}, { passive: true });

setInterval(repaint, REPAINT);
clock.paint(list);
onAir.show(feed.state.air);
seek(feed.state);
document.documentElement.dataset.scripted = "";
