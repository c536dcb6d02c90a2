/**
 * The page of one story: its dispatches, newest first, which goes on as the story does. A page of older ones follows
 * too, for their corrections and kills.
 *
 * A snapshot holds the feed's newest dispatches only, so after one the whole page is asked for. What frames bring
 * while the response is on its way is shown at once, and laid over the response when it comes.
 *
 * @import { Change } from "../feed/follow.js"
 * @import { Dispatch, Frame } from "../feed/frames.d.ts"
 * @import { Live } from "./live.js"
 */

import { browser } from "../feed/browser.js";
import { asking, chapters } from "./ask.js";
import { chronicle, still } from "./chronicle.js";
import { glide } from "./glide.js";
import { lines } from "./list.js";
import { live } from "./live.js";
import { data, entitle, part, setting } from "./page.js";
import { touch } from "./touch.js";

/** Dispatches on a page; as many as the service draws (STORY_PAGE). */
const LIMIT = 100;

const page = data();
const { snapshot, words, base = "", story = "", before } = page;
const which = { story, limit: LIMIT, ...(before !== undefined && { before }) };
const list = part("lines");
const bar = part("bar");
const heading = part("story-title");
const older = /** @type {HTMLAnchorElement} */ (part("older"));
const touched = touch(list, browser().timers, () => {});
const name = heading.textContent ?? "";

let told = snapshot.dispatches;
let shown = told;
/** What came while a response was owed, since it was last asked for. @type {Frame[]} */
let since = [];
/** @type {ReturnType<typeof lines>} */
let rows;

const whole = asking(
  () => {
    since = [];
    return chapters(`${base}/v1/feeds/${snapshot.feed}`, which);
  },
  (response) => {
    const next = since.reduce((all, frame) => chronicle(all, frame, which), response.dispatches);
    if (response.older) older.hidden = false;
    show(next);
    told = next;
    since = [];
  },
  (error) => shared.feed.fault(error),
);

const shared = live({ ...page, snapshot: { ...snapshot, dispatches: [] } }, list, {
  limit: 1,
  start,
  onpause: () => show(),
  behind: () => whole.owed,
});

/** @param {Live} live */
function start({ clock, hear }) {
  rows = lines(list, setting(list, page), clock);

  /** @param {Change} change */
  return ({ frame, state }) => {
    if (frame?.type === "snapshot") whole.ask();
    else if (frame?.type === "beat") whole.again();
    else if (frame) {
      const known = told;
      tell(frame);
      if (told !== known) hear(frame, { ...state, dispatches: known });
    }
  };
}

/** @param {Frame} frame */
function tell(frame) {
  if (whole.owed) since.push(frame);
  const next = chronicle(told, frame, which);
  if (next === told) return;
  if (next.length === LIMIT && next[LIMIT - 1] === told[LIMIT - 2]) older.hidden = false;
  // Only what was shown counts as told: a frame that can't be shown comes again.
  show(next);
  told = next;
}

function show(all = told) {
  const next = shared.paused ? still(shown, all) : all;
  if (next === shown) return;
  const top = touched() ? bar.getBoundingClientRect().bottom : null;
  glide(list, top, () => rows.show(next, null));
  shown = next;
  head(shown);
}

/**
 * What heads the page is the newest dispatch that stands. Of a story that was withdrawn as a whole not even the slug
 * is left: it may say what was wrong.
 *
 * @param {Dispatch[]} dispatches
 */
function head(dispatches) {
  const newest = dispatches.find(({ status }) => status === "usable");
  heading.textContent = newest ? name : words.withdrawn;
  entitle(newest?.status === "usable" ? `${name}: ${newest.text}` : words.withdrawn);
  const last = dispatches[dispatches.length - 1];
  if (last) older.href = `${base}/feeds/${snapshot.feed}/stories/${story}?before=${last.id}`;
}
