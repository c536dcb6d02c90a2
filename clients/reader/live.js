/**
 * What the pages that follow a feed share: the bar with its badge and pause, the reader's clock, the announcements, and
 * the feed itself. Until all of it runs, the page keeps what the service drew: that it is not live.
 *
 * @import { Change, Following } from "../feed/follow.js"
 * @import { FeedState, Frame } from "../feed/frames.d.ts"
 * @import { Data } from "./page.js"
 */

import { browser } from "../feed/browser.js";
import { follow } from "../feed/follow.js";
import { announcer } from "./announce.js";
import { asOf } from "./as-of.js";
import { badge } from "./badge.js";
import { part } from "./page.js";
import { REPAINT, times } from "./times.js";
import { say } from "./words.js";

/**
 * @typedef {object} Live
 * @property {Following} feed
 * @property {import("./times.js").Times} clock
 * @property {boolean} paused
 * @property {() => void} resume
 * @property {(frame: Frame, previous: FeedState) => void} announce announces what a frame brings, unless paused
 *
 * @typedef {object} View
 * @property {number} limit how many dispatches the feed keeps
 * @property {(live: Live) => (change: Change) => void} start draws nothing yet; returns what shows a change
 * @property {() => void} [onpause] called after each pause and each resume
 * @property {() => boolean} [behind] true while a request is pending; the page isn't live then
 * @property {() => boolean} [waiting] true while dispatches wait to be shown
 */

/**
 * @param {Data} data
 * @param {HTMLElement} list
 * @param {View} view
 * @returns {Live}
 */
export function live({ snapshot, words, base = "" }, list, { limit, start, onpause, behind = () => false, waiting = behind }) {
  const root = document.documentElement;
  const bar = part("bar");
  const drawn = [...bar.children].map((child) => /** @type {HTMLElement} */ (child.cloneNode(true)));
  const pause = part("pause");
  const { timers } = browser();
  let skew = 0;
  let paused = false;
  let { closed } = snapshot;
  /** @type {Change | undefined} */
  let latest;
  /** @type {Following | undefined} */
  let feed;

  const clock = times(words, () => Date.now() - skew);
  const proven = asOf(part("as-of"), clock);
  const indicator = badge({ badge: part("badge"), word: part("badge-word"), count: document.getElementById("watching") }, words);
  const voice = announcer({ polite: part("said"), alert: part("alarm") }, words, timers, clock.hour);

  function repaint() {
    if (!paused) clock.paint(list);
  }

  /** @param {Change} change */
  function showStatus({ status: measured, watching }) {
    const proven = measured.name === "live" || measured.name === "off-air";
    const status = proven && behind() ? { ...measured, name: /** @type {const} */ ("catching-up") } : measured;
    root.dataset.scripted = status.reload ? "reload" : status.name;
    indicator.show(status, watching, paused, closed ? say(words.closed, { date: clock.day(closed) }) : "");
  }

  /** @param {boolean} wanted */
  function setPaused(wanted) {
    paused = wanted;
    pause.textContent = paused ? words.resume : words.pause;
    if (paused) voice.silence();
    if (latest) showStatus(latest);
    onpause?.();
    repaint();
  }

  /** @type {Live} */
  const shared = {
    clock,
    get feed() {
      return /** @type {Following} */ (feed);
    },
    get paused() {
      return paused;
    },
    resume: () => setPaused(false),
    announce(frame, previous) {
      if (!paused) voice.announce(frame, previous);
    },
  };

  try {
    const show = start(shared);
    feed = follow({
      src: base || location.origin,
      feed: snapshot.feed,
      snapshot,
      limit,
      onchange(change) {
        skew = change.skew;
        if (change.frame?.type === "snapshot") {
          closed = change.frame.closed;
          voice.outlast(change.frame);
        }
        latest = change;
        show(change);
        if (change.frame?.type === "beat") repaint();
        // Of a list that stands still, or is incomplete, no later moment is true.
        if (!paused && !behind() && !waiting()) proven.update(change.frame);
        showStatus(change);
        if (!paused) voice.status(change.status);
      },
    });
    pause.addEventListener("click", () => setPaused(!paused));
    setInterval(repaint, REPAINT);
    clock.paint(list);
  } catch (error) {
    feed?.close();
    delete root.dataset.scripted;
    bar.replaceChildren(...drawn);
    throw error;
  }
  return shared;
}
