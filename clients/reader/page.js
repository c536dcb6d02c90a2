/**
 * What the template leaves for the scripts: the data block, and the parts of the page by id.
 *
 * @import { SnapshotFrame } from "../feed/frames.d.ts"
 * @import { Setting } from "./line.js"
 * @import { Words } from "./words.js"
 */

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

/** @returns {{snapshot: SnapshotFrame, words: Words, story?: string}} story: on the page of one */
export function data() {
  return JSON.parse(part("page-data").textContent ?? "");
}

/**
 * @param {HTMLElement} list carries the feed's own language and direction
 * @param {string} feed
 * @param {Words} words
 * @returns {Setting}
 */
export function setting(list, feed, words) {
  return { words, feed, language: list.lang, direction: list.dir };
}
