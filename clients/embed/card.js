/**
 * One dispatch in a frame. It says nothing about LIVE, but a correction and a kill reach it as they reach every
 * other open page; while they can't, it says as of when it is complete.
 *
 * @import { Dispatch, Frame, SnapshotFrame } from "../feed/frames.d.ts"
 */

import { supersedes, tombstone } from "../feed/fold.js";
import { follow } from "../feed/follow.js";
import { draw } from "../widget/draw.js";
import { ago, at, full } from "../widget/times.js";
import { fill, wordsIn } from "../widget/words.js";

/** A cached response may be as old as one second, older than the snapshot that raised the question. Milliseconds. */
const AFTER = 1_100;

/** How often relative times are drawn again. Milliseconds. */
const REPAINT = 15_000;

/**
 * @typedef {object} CardData what the service leaves in the page
 * @property {string} base of the service's URLs; empty for the page's own origin
 * @property {string} feed
 * @property {string} position to continue from
 * @property {Dispatch} dispatch
 * @property {string} not_live what to say while it can't be kept up, with a gap for the time
 */

/** @param {HTMLElement} card */
export function followCard(card) {
  const block = document.getElementById("page-data");
  block?.remove(); // no kill would reach the text in it
  /** @type {CardData} */
  const { base, feed, position, dispatch, not_live } = JSON.parse(block?.textContent ?? "");
  const item = /** @type {HTMLElement} */ (card.querySelector("[data-id]"));
  const asOf = document.getElementById("as-of");
  const src = base || location.origin;
  const { lang, dir } = card;
  const words = /** @type {import("../widget/words.js").Words} */ (wordsIn(lang));
  let shown = dispatch;
  let skew = NaN;
  /** True while a snapshot has not said what happened to the dispatch. */
  let open = false;

  function paint() {
    for (const time of card.querySelectorAll("time")) {
      const { dateTime, className } = time;
      const text = (className ? ago : at)(lang, dateTime, Date.now() - skew);
      if (time.textContent !== text) Object.assign(time, { textContent: text, title: full(lang, dateTime) });
    }
  }

  /** @param {Dispatch | undefined} now what some source says that it is */
  function show(now) {
    if (now?.id !== shown.id || !supersedes(now, shown)) return;
    draw(item, now, null, { words, lang, dir }, `${base}/feeds/${feed}`);
    shown = now;
    paint();
  }

  /** A snapshot holds the newest dispatches only; what happened to an older one has to be asked. */
  async function ask() {
    if (shown.status === "killed") return;
    open = true;
    try {
      const response = await fetch(`${src}/v1/feeds/${feed}/dispatches/${shown.id}`);
      const body = await response.json();
      if (response.status !== 200 && response.status !== 410) return;
      show(response.status === 410 ? body.dispatch : body);
      open = false;
    } catch {
      // Asked again at the next beat.
    }
  }

  /** @param {Frame} frame */
  function take(frame) {
    if (frame.type === "dispatch") show(frame.dispatch);
    else if (frame.type === "kill" && frame.id === shown.id) show(tombstone(frame));
    else if (frame.type === "snapshot") {
      const now = [...frame.dispatches, frame.pinned_dispatch].find((each) => each?.id === shown.id);
      open = !now;
      if (now) show(now);
      else setTimeout(ask, AFTER);
    } else if (frame.type === "beat" && open) ask();
  }

  follow({
    src,
    feed,
    limit: 1,
    // Only its position matters: the one dispatch is kept here.
    snapshot: /** @type {SnapshotFrame} */ ({
      type: "snapshot", feed, position, reset: false, air: { on: true, label: null, url: null }, pinned: null, dispatches: [],
    }),
    onchange({ frame, status, skew: ahead }) {
      if (frame) take(frame);
      const proven = status.name === "live" || status.name === "off-air" || status.name === "closed";
      if (proven) skew = ahead;
      if (asOf) {
        asOf.hidden = proven && !open;
        asOf.textContent = fill(not_live, full(lang, Date.now() - (skew || 0) - status.age * 1000)).join("");
      }
      if (frame?.type === "beat" || status.name === "connecting") paint();
    },
  });
  setInterval(paint, REPAINT);
  paint();
}
