/**
 * The page of one story: its dispatches, newest first; new ones are added as they are filed. A page of older ones
 * follows the feed too, for their corrections and kills.
 *
 * A snapshot holds the feed's newest dispatches only, so after one the whole page is requested. What frames bring
 * while the request is pending is shown at once, and applied to the response when it comes.
 *
 * @import { Change } from "../feed/follow.js"
 * @import { Dispatch, Frame } from "../feed/frames.d.ts"
 * @import { Live } from "./live.js"
 */

import { browser } from "../feed/browser.js";
import { animate } from "./animate.js";
import { interaction } from "./interaction.js";
import { dispatchList } from "./list.js";
import { live } from "./live.js";
import { data, part, removeDescription, setTitle, setting } from "./page.js";
import { fetchStory, retrying } from "./requests.js";
import { foldStory, storyTitle, whilePaused } from "./story-fold.js";

/** Dispatches on a page; as many as the service draws (STORY_PAGE). */
const LIMIT = 100;

const page = data();
const { snapshot, words, base = "", before } = page;
// Of a story that was withdrawn as a whole, the address alone has the slug.
const { story = decodeURIComponent(location.pathname.split("/").pop() ?? "") } = page;
const which = { story, limit: LIMIT, ...(before !== undefined && { before }) };
const list = part("dispatches");
const bar = part("bar");
const heading = part("story-title");
const older = /** @type {HTMLAnchorElement} */ (part("older"));
const isInteracting = interaction(list, browser().timers, () => {});
const name = storyTitle(story);

let current = snapshot.dispatches;
let shown = current;
/** What came while the request was pending. @type {Frame[]} */
let since = [];
/** @type {ReturnType<typeof dispatchList>} */
let rows;

const whole = retrying(
  () => {
    since = [];
    return fetchStory(`${base}/v1/feeds/${snapshot.feed}`, which);
  },
  (response) => {
    const next = since.reduce((all, frame) => foldStory(all, frame, which), response.dispatches);
    if (response.older) older.hidden = false;
    show(next);
    current = next;
    since = [];
  },
  (error) => shared.feed.fault(error),
);

const shared = live({ ...page, snapshot: { ...snapshot, dispatches: [] } }, list, {
  limit: 1,
  start,
  onpause: () => show(),
  behind: () => whole.pending,
});

/** @param {Live} live */
function start({ clock, announce }) {
  rows = dispatchList(list, setting(list, { ...page, story }), clock);

  /** @param {Change} change */
  return ({ frame, state }) => {
    if (frame?.type === "snapshot") whole.send();
    else if (frame?.type === "beat") whole.retry();
    else if (frame) {
      const known = current;
      apply(frame);
      // A kill also takes back what was said of a dispatch that has left the page.
      if (current !== known || frame.type === "kill") announce(frame, { ...state, dispatches: known });
    }
  };
}

/** @param {Frame} frame */
function apply(frame) {
  if (whole.pending) since.push(frame);
  const next = foldStory(current, frame, which);
  if (next === current) return;
  if (next.length === LIMIT && next[LIMIT - 1] === current[LIMIT - 2]) older.hidden = false;
  // Only what was shown is kept: a frame that can't be shown comes again.
  show(next);
  current = next;
}

function show(all = current) {
  const next = shared.paused ? whilePaused(shown, all) : all;
  if (next === shown) return;
  const top = isInteracting() ? bar.getBoundingClientRect().bottom : null;
  animate(list, top, () => rows.show(next, null));
  shown = next;
  head(shown);
}

/**
 * What heads the page is the newest usable dispatch. Of a story that was withdrawn as a whole not even the slug
 * is left: it may say what was wrong.
 *
 * @param {Dispatch[]} dispatches
 */
function head(dispatches) {
  const newest = dispatches.find(({ status }) => status === "usable");
  heading.textContent = newest ? name : words.withdrawn;
  if (!newest) removeDescription();
  setTitle(newest?.status === "usable" ? `${name}: ${newest.text}` : words.withdrawn);
  const last = dispatches[dispatches.length - 1];
  if (last) Object.assign(older, { rel: "next", href: `${newest ? `${base}/feeds/${snapshot.feed}/stories/${story}` : ""}?before=${last.id}` });
}
