/**
 * The language of the widget's own words: its `lang` attribute, else the nearest `lang` of the page.
 *
 * @import { Words } from "./words.js"
 */

import { direction } from "../feed/direction.js";
import { wordsIn } from "./words.js";

/** @typedef {{words: Words, lang: string, dir: string}} Language */

/** @param {HTMLElement} element @returns {Language} */
export function languageOf(element) {
  /** @type {any} */
  let at = element;
  let wanted = "";
  // A shadow root is in the language of its host.
  for (; at && !wanted; at = at.getRootNode().host) wanted = at.closest("[lang]")?.lang ?? "";
  const lang = wordsIn(wanted) ? wanted : "en";
  // Words have their own direction; English ones in place of others follow the page's.
  const dir = element.dir || (lang === wanted ? direction(lang) : getComputedStyle(element).direction);
  return { words: /** @type {Words} */ (wordsIn(lang)), lang, dir };
}
