/**
 * The desk's own words, one file for each language, and those that readers see, which the reader page has. All of them are
 * here, since a desk that is opened without a network must speak, too.
 *
 * @typedef {typeof import("./words/en.json")} Words
 * @typedef {import("../reader/words.js").Words} ReaderWords
 */

import readers from "../reader/words.json";
import ar from "./words/ar.json";
import en from "./words/en.json";
import es from "./words/es.json";

/** @type {Record<string, Words>} */
export const WORDS = { en, ar, es };

/** @param {string} language BCP 47 @returns {"en" | "ar" | "es"} */
export function spoken(language) {
  const primary = language.split("-", 1)[0]?.toLowerCase() ?? "";
  return /** @type {"en"} */ (primary in WORDS ? primary : "en");
}

/** @param {string} language BCP 47 @returns {Words} */
export const words = (language) => /** @type {Words} */ (WORDS[spoken(language)]);

/** What readers of a feed in this language see. @param {string} language @returns {ReaderWords} */
export const readerWords = (language) => readers[spoken(language)];

/**
 * Puts the words into what the template made: `data-say` names those of an element, `data-say-…` those of an attribute.
 *
 * @param {ParentNode} root
 * @param {Words} own
 */
export function speak(root, own) {
  const known = /** @type {Record<string, any>} */ (own);
  for (const element of root.querySelectorAll("*")) {
    for (const [name, key] of Object.entries(/** @type {HTMLElement} */ (element).dataset ?? {})) {
      if (!key || !name.startsWith("say") || typeof known[key] !== "string") continue;
      const attribute = name.slice(3).replace(/[A-Z]/g, (letter, at) => (at ? "-" : "") + letter.toLowerCase());
      if (attribute) element.setAttribute(attribute, known[key]);
      else if (element.textContent !== known[key]) element.textContent = known[key];
    }
  }
}
