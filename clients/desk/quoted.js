/**
 * Texts that are quoted. One that shows nothing is replaced by words that say so, or its author would see an empty line.
 * The service refuses such texts, by the same rule: ticker/text.py.
 *
 * @import { Words } from "./words.js"
 */

import { make } from "./element.js";

// oxlint-disable-next-line no-misleading-character-class -- single code points, of which none combines with another
const VISIBLE = /[^\s\p{Cf}\p{Zs}\u034F\u115F\u1160\u17B4\u17B5\u180B-\u180F\u2065\u2800\u3164\uFE00-\uFE0F\uFFA0\uFFF0-\uFFF8\u{16FE4}\u{1D159}\u{E0000}-\u{E0FFF}]|[\u0600-\u0605\u06DD\u070F\u0890\u0891\u08E2]/u;

/** Whether a text has a visible character. @param {string} text */
export const isVisible = (text) => VISIBLE.test(text);

/**
 * A text for `make`, where it is quoted.
 *
 * @param {Words} words
 * @param {{ text: string, source?: string | null }} quoted
 * @returns {(string | HTMLElement)[]}
 */
export function quoted(words, { text, source }) {
  const { language, direction } = words;
  return [
    source && isVisible(source) ? `${source}: ` : "",
    isVisible(text) ? text : make("i", { lang: language, dir: direction }, words.only_invisible),
  ];
}
