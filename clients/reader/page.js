/**
 * What the template leaves for the scripts: the data block, and the parts of the page by id.
 *
 * @import { SnapshotFrame } from "../feed/frames.d.ts"
 * @import { Setting } from "./draw.js"
 * @import { Words } from "./words.js"
 */

/**
 * @typedef {object} Data
 * @property {SnapshotFrame} snapshot what the page shows
 * @property {Words} words
 * @property {string} [base] the service's public URL, such as "https://news.example/ticker"; empty where it is not known
 * @property {string} [story] the slug, on the page of a story that was not withdrawn as a whole
 * @property {string} [before] the id of a dispatch; the page shows the story's dispatches from before it
 */

/** Characters of a document's title before the name of the feed, as many as search engines and tabs show. */
const TITLE = 70;

/**
 * @template {HTMLElement} [E=HTMLElement]
 * @param {string} id
 * @returns {E}
 */
export function part(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return /** @type {E} */ (element);
}

/**
 * The data block, which leaves the page as it is read: no kill would reach the texts in it.
 *
 * @returns {Data}
 */
export function data() {
  const block = part("page-data");
  block.remove();
  return JSON.parse(block.textContent ?? "");
}

/**
 * @param {HTMLElement} list carries the feed's own language and direction
 * @param {Data} data
 * @returns {Setting}
 */
export function setting(list, { snapshot, words, base = "", story }) {
  return { words, feed: snapshot.feed, base, story, language: list.lang, direction: list.dir };
}

/**
 * Names the document, as the template does: what it shows, in brief, and its feed.
 *
 * @param {string} text
 */
export function setTitle(text) {
  const characters = [...text];
  const brief = characters.length > TITLE ? `${characters.slice(0, TITLE - 1).join("")}…` : text;
  document.title = `${brief} · ${part("feed-title").textContent}`;
}

/** Removes what was written for search engines and link previews: it is about what the page no longer shows. */
export function removeDescription() {
  const about = "meta[property], meta[name=description], link[rel=canonical], link[rel=alternate]";
  for (const element of document.querySelectorAll(about)) element.remove();
}
