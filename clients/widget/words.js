/**
 * The widget's own words. The table is also read by the service, which draws the same markup.
 *
 * @typedef {Record<keyof typeof table, string>} Words
 */

import table from "./words.json" with { type: "json" };

/**
 * @param {string} language a BCP 47 tag
 * @returns {Words | undefined} undefined for a language the table does not have
 */
export function wordsFor(language) {
  const column = table.language.indexOf(language.toLowerCase().split("-")[0] ?? "");
  const entries = Object.entries(table).map(([key, row]) => [key, row[column]]);
  return column < 0 ? undefined : /** @type {Words} */ (Object.fromEntries(entries));
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

/**
 * The same as text.
 *
 * @param {string} phrase
 * @param {...(string | number)} values
 */
export function say(phrase, ...values) {
  return fill(phrase, ...values).join("").trim();
}
