/**
 * The widget's own words. The table is also read by the service, which draws the same markup.
 *
 * @typedef {typeof table.en} Words
 */

import table from "./words.json" with { type: "json" };

/**
 * @param {string} language a BCP 47 tag
 * @returns {Words | undefined} undefined for a language the table does not have
 */
export function wordsIn(language) {
  return /** @type {Record<string, Words>} */ (table)[language.slice(0, 2)];
}

/**
 * A phrase with its gaps filled, as a list of nodes: fill("Corrected {}", time) is ["Corrected ", time, ""].
 *
 * @template {Node | string | number} T
 * @param {string} phrase
 * @param {...T} values one for each {}
 * @returns {(T | string)[]}
 */
export function fill(phrase, ...values) {
  return phrase.split("{}").flatMap((part, index) => (index ? [/** @type {T} */ (values[index - 1]), part] : [part]));
}
