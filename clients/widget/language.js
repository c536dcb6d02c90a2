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
  let node = /** @type {Element | undefined} */ (element);
  let lang = "";
  // From a shadow root on to its host: the nearest `lang` may stand outside the component that has the widget.
  for (; node && !lang; node = /** @type {ShadowRoot} */ (node.getRootNode()).host) {
    lang = node.closest("[lang]")?.getAttribute("lang") ?? "";
  }
  const words = wordsIn(lang);
  // Words in a language we have bring their direction along; English ones follow the page's.
  if (words) return { words, lang, dir: element.dir || direction(lang) };
  return { words: /** @type {Words} */ (wordsIn("en")), lang: "en", dir: getComputedStyle(element).direction };
}
