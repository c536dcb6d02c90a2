/**
 * The page of a feed: takes over what the template drew, follows the feed, and shows each change in the way the
 * reader's place allows.
 *
 * @import { Change } from "../feed/follow.js"
 * @import { FeedState, Frame } from "../feed/frames.d.ts"
 * @import { Live } from "./live.js"
 * @import { Mode } from "./screen.js"
 */

import { browser } from "../feed/browser.js";
import { pinIsMissing } from "../feed/fold.js";
import { animate } from "./animate.js";
import { broadcast } from "./broadcast.js";
import { interaction } from "./interaction.js";
import { dispatchList } from "./list.js";
import { live } from "./live.js";
import { data, part, setting } from "./page.js";
import { fetchDispatch, retrying } from "./requests.js";
import { present } from "./screen.js";
import { locale, say } from "./words.js";

/** Dispatches kept on the page. */
const LIMIT = 100;

const page = data();
const { snapshot, words, base = "" } = page;
const list = part("dispatches");
const bar = part("bar");
const fresh = part("fresh");
const nothing = part("nothing");
const number = new Intl.NumberFormat(locale(words));
const onAir = broadcast(part("broadcast"), words);
const isInteracting = interaction(list, browser().timers, release);

/** @type {ReturnType<typeof dispatchList>} */
let rows;
/** What the reader sees, and what the feed shows. @type {FeedState | undefined} */
let shown;
/** @type {FeedState} */
let state;

const shared = live(page, list, { limit: LIMIT, start, onpause, waiting: () => !fresh.hidden });

/** A pin names a dispatch by its id; one that is older than the page's dispatches takes a request. */
const pin = retrying(
  async () => fetchDispatch(`${base}/v1/feeds/${snapshot.feed}`, shared.feed.state.pinned ?? ""),
  (found) => {
    if (found) shared.feed.learn(found);
    state = shared.feed.state;
    show(null);
  },
);

seek(shared.feed.state);

/** @param {Live} live */
function start({ clock, announce }) {
  rows = dispatchList(list, setting(list, page), clock);

  /** @param {Change} change */
  return (change) => {
    const { frame } = change;
    shown ??= change.previous;
    state = change.state;
    if (!frame) return;
    show(frame);
    onAir.show(state.air);
    announce(frame, change.previous);
    if (frame.type === "beat") pin.retry();
    if (frame.type === "pin" || frame.type === "snapshot") seek(state);
  };
}

/** @param {FeedState} now */
function seek(now) {
  if (pinIsMissing(now)) pin.send();
  else pin.cancel();
}

/** @returns {Mode} */
function mode() {
  if (shared.paused) return "pause";
  return isInteracting() ? "hold" : "follow";
}

/** @param {Frame | null} frame null when only the reader's place changed */
function show(frame, how = mode()) {
  const screen = present(shown ?? state, frame, state, how, LIMIT);
  if (screen.shown !== shown) {
    const { dispatches, pinned, pinned_dispatch } = screen.shown;
    const top = how === "follow" ? null : bar.getBoundingClientRect().bottom;
    animate(list, top, () => rows.show(dispatches, pinned, pinned_dispatch));
    nothing.hidden = dispatches.length > 0;
    shown = screen.shown;
  }
  fresh.hidden = screen.waiting === 0;
  const count = number.format(screen.waiting) + (screen.more ? "+" : "");
  fresh.textContent = fresh.hidden ? "" : say(words.new, { n: count });
}

/** To the top and to now, which are the same place. */
function catchUp() {
  scrollTo({ top: 0, behavior: "instant" });
  show(null, "follow");
}

function release() {
  if (shown !== state && mode() === "follow") show(null);
}

function onpause() {
  if (!shared.paused) catchUp();
}

fresh.addEventListener("click", () => {
  if (shared.paused) shared.resume();
  list.focus({ preventScroll: true });
  catchUp();
});
