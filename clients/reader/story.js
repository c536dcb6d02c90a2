/**
 * The page of one story: its lines from first to last, which goes on as the story does.
 *
 * A snapshot holds the feed's newest lines only, so after one the whole story is asked for. What frames bring while
 * the answer is on its way is shown at once, and laid over the answer when it comes.
 *
 * @import { Frame } from "../feed/frames.d.ts"
 */

import { browser } from "../feed/browser.js";
import { follow } from "../feed/follow.js";
import { announcer } from "./announce.js";
import { asking, chapters } from "./ask.js";
import { badge } from "./badge.js";
import { chronicle, still } from "./chronicle.js";
import { lines } from "./list.js";
import { data, part, setting } from "./page.js";
import { steady } from "./steady.js";
import { times } from "./times.js";

/** Lines kept on the page; as many as the service draws (LONGEST_STORY). */
const LIMIT = 500;

/** How often "2 min" is looked at again. Milliseconds. */
const REPAINT = 15_000;

const { snapshot, words, story = "" } = data();
const list = part("lines");
const bar = part("bar");
const pause = part("pause");

let skew = 0;
let paused = false;
let told = snapshot.dispatches;
let shown = told;
/** What came while an answer was owed, since it was last asked for. @type {Frame[]} */
let since = [];

const clock = times(words, () => Date.now() - skew);
const rows = lines(list, { ...setting(list, snapshot.feed, words), story }, clock);
const lamp = badge({ badge: part("badge"), word: part("badge-word") }, words);
const voice = announcer({ polite: part("said"), alert: part("alarm") }, words, browser().timers);

const whole = asking(
  () => {
    since = [];
    return chapters(snapshot.feed, story, LIMIT);
  },
  (answer) => {
    told = since.reduce((lines, frame) => chronicle(lines, frame, story, LIMIT), answer);
    since = [];
    show();
  },
);

function show() {
  const next = paused ? still(shown, told) : told;
  if (next === shown) return;
  shown = next;
  steady(list, bar.getBoundingClientRect().bottom, () => rows.show(shown, null));
}

/** @param {Frame} frame */
function take(frame) {
  if (frame.type === "snapshot") whole.ask();
  else if (frame.type === "beat") whole.again();
  else tell(frame);
}

/** @param {Frame} frame */
function tell(frame) {
  if (whole.owed) since.push(frame);
  const before = told;
  told = chronicle(told, frame, story, LIMIT);
  if (told === before) return;
  if (!paused) voice.hear(frame, { ...feed.state, dispatches: [...before].reverse() });
  show();
}

const feed = follow({
  src: location.origin,
  feed: snapshot.feed,
  snapshot: { ...snapshot, dispatches: [] },
  limit: 1,
  onchange(change) {
    skew = change.skew;
    lamp.show(change.status, null, paused);
    if (change.frame) take(change.frame);
  },
});

function repaint() {
  if (!paused) clock.paint(list);
}

pause.addEventListener("click", () => {
  paused = !paused;
  pause.textContent = paused ? words.resume : words.pause;
  if (paused) voice.hush();
  lamp.show(feed.status, null, paused);
  show();
  repaint();
});

setInterval(repaint, REPAINT);
clock.paint(list);
document.documentElement.dataset.scripted = "";
