/**
 * One dispatch as an element; the same markup as the template line.html makes for the first view.
 * Everything a newsroom wrote goes in as text, never as markup.
 *
 * @import { Dispatch, Tombstone, UsableDispatch } from "../feed/frames.d.ts"
 * @import { Words } from "./words.js"
 */

import { direction } from "../feed/direction.js";

/** Normal dispatches carry no mark. */
const MARKED = ["flash", "bulletin", "urgent"];

/** Characters of source and text from which a dispatch is set smaller than its urgency asks for, and in plain size. */
const MEDIUM = 100;
const LONG = 220;

/**
 * @typedef {object} Setting where a dispatch is shown
 * @property {Words} words
 * @property {string} feed
 * @property {string} [base] prefix of the path of each of the service's URLs
 * @property {string} language of the feed, for what has none of its own
 * @property {string} direction
 * @property {string} [story] the story whose page it is; its dispatches need no link to it
 *
 * @typedef {ReturnType<typeof ownWords>} OwnWords
 */

/**
 * What a drawn dispatch depends on; it is drawn again only when this changes.
 *
 * @param {Dispatch} dispatch
 * @param {boolean} pinned
 */
export function edition({ status, revision }, pinned) {
  return `${status}-${revision}${pinned ? "-pinned" : ""}`;
}

/**
 * @param {HTMLElement} item
 * @param {Dispatch} dispatch
 * @param {boolean} pinned
 * @param {Setting} setting
 */
export function draw(item, dispatch, pinned, setting) {
  const killed = dispatch.status === "killed";
  const language = killed ? setting.language : dispatch.language;
  item.id = `line-${dispatch.id}`; // part of published URLs
  item.className = killed ? "dispatch tombstone" : `dispatch ${dispatch.urgency}${length(dispatch)}${pinned ? " pinned" : ""}`;
  item.dataset.id = dispatch.id;
  item.dataset.edition = edition(dispatch, pinned);
  item.lang = language;
  item.dir = killed ? setting.direction : direction(language);
  const { words } = setting;
  const ui = ownWords(words, language);
  const when = make("p", "when", permalink(dispatch, ui, setting));
  if (!killed && MARKED.includes(dispatch.urgency)) {
    when.append(ui("span", "urgency", words[/** @type {"flash"} */ (dispatch.urgency)]));
  }
  if (pinned) when.append(ui("span", "pin", words.pinned));
  item.replaceChildren(when, ...(killed ? tombstone(dispatch, ui, words) : body(dispatch, ui, setting)));
}

/**
 * Makes elements with the page's own words; in a dispatch of another language they carry their own `lang` and `dir`.
 *
 * @param {Words} words
 * @param {string} language of the dispatch
 */
function ownWords(words, language) {
  /** @param {string} tag @param {string} className @param {...string} text */
  return (tag, className, ...text) => {
    const element = make(tag, className, ...text);
    if (language !== words.language) {
      element.lang = words.language;
      element.dir = words.direction;
    }
    return element;
  };
}

/** @param {UsableDispatch} dispatch */
function length({ source, text }) {
  const characters = [...(source ?? ""), ...text].length;
  if (characters < MEDIUM) return "";
  return characters < LONG ? " medium" : " long";
}

/** @param {Dispatch} dispatch @param {OwnWords} ui @param {Setting} setting */
function permalink({ id, filed }, ui, { base = "", feed }) {
  return linked(make("a", "permalink", time(filed, "ago", ui)), `${base}/feeds/${feed}/${id}`);
}

/** @param {UsableDispatch} dispatch @param {OwnWords} ui @param {Setting} setting */
function* body(dispatch, ui, setting) {
  const { words } = setting;
  const text = make("p", "text");
  if (dispatch.source) text.append(make("b", "source", isolated(dispatch.source, dispatch), ":"), " ");
  text.append(make("span", "words", dispatch.text));
  yield text;
  if (dispatch.revision > 1) {
    const corrected = make("p", "corrected", ui("b", "", words.corrected), " ", time(dispatch.updated, "hour", ui));
    if (dispatch.note) corrected.append(": ", isolated(dispatch.note, dispatch));
    yield corrected;
  }
  const about = [...details(dispatch, ui, setting)];
  if (about.length) yield make("ul", "about", ...about);
}

/** @param {UsableDispatch} dispatch @param {OwnWords} ui @param {Setting} setting */
function* details({ byline, dateline, occurred, sections, places, story, link }, ui, { words, base = "", feed, story: here }) {
  if (byline) yield make("li", "byline", byline);
  if (dateline) yield make("li", "dateline", dateline);
  if (occurred) yield make("li", "happened", ui("span", "", words.happened), " ", time(occurred, "hour", ui));
  for (const label of [...(places ?? []), ...(sections ?? [])]) yield make("li", "label", label);
  if (story && story !== here) {
    yield make("li", "", linked(ui("a", "onward", words.this_story), `${base}/feeds/${feed}/stories/${story}`));
  }
  if (link && /^https?:\/\//i.test(link)) yield make("li", "", linked(ui("a", "onward", words.full_story), link));
}

/** @param {HTMLElement} anchor @param {string} href */
function linked(anchor, href) {
  /** @type {HTMLAnchorElement} */ (anchor).href = href;
  return anchor;
}

/**
 * "Withdrawn: there was no second explosion" would read as news of its own, so it says when, and that a reason follows.
 *
 * @param {Tombstone} dispatch
 * @param {OwnWords} ui
 * @param {Words} words
 */
function* tombstone({ updated, reason }, ui, words) {
  const when = [ui("b", "withdrawn", words.withdrawn_at), " ", time(updated, "hour", ui)];
  yield make("p", "text", ...when, ". ", ui("span", "", words.reason), ": ", make("bdi", "", reason));
}

/**
 * Kept apart from what follows it, but read in the dispatch's direction: an Arabic source that begins with a
 * Latin name would otherwise be turned round.
 *
 * @param {string} text
 * @param {UsableDispatch} dispatch
 */
function isolated(text, { language }) {
  const element = make("bdi", "", text);
  element.dir = direction(language);
  return element;
}

/** @param {string} iso @param {"ago" | "hour"} as @param {OwnWords} ui */
function time(iso, as, ui) {
  const element = /** @type {HTMLTimeElement} */ (ui("time", ""));
  element.dateTime = iso;
  element.dataset.as = as;
  return element;
}

/** @param {string} tag @param {string} className @param {...(Node | string)} children */
function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}
