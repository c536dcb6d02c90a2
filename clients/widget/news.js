/**
 * What has changed of a dispatch, as an event of the page and as an announcement.
 *
 * @import { Dispatch } from "../feed/frames.d.ts"
 * @import { Language } from "./language.js"
 */

import { direction } from "../feed/direction.js";
import { at } from "./times.js";
import { fill } from "./words.js";

/**
 * @typedef {object} News
 * @property {"dispatch" | "kill"} name of the event
 * @property {object} detail of the event
 * @property {boolean} loud true for a flash and a kill, which interrupt
 * @property {string} text to say
 * @property {string} lang of the text
 * @property {string} dir
 */

/**
 * @param {Dispatch} dispatch
 * @param {unknown} before true if it was visible before, and is corrected or killed now
 * @param {Language} language of the widget
 * @param {number} now the log's time in milliseconds
 * @returns {News}
 */
export function newsOf(dispatch, before, { words, lang, dir }, now) {
  const { id, text, reason, source, urgency, updated, language } = /** @type {any} */ (dispatch);
  const when = at(lang, updated, now);
  if (!text) {
    return { name: "kill", detail: { id, reason }, loud: true, text: fill(words.withdrawn, when, reason).join(""), lang, dir };
  }
  const heading = before ? fill(words.corrected, when).join("") : urgency !== "normal" && words[/** @type {"flash"} */ (urgency)];
  return {
    name: "dispatch",
    detail: { dispatch, correction: !!before },
    loud: !before && urgency === "flash",
    text: [heading, source, text].filter(Boolean).join(": "),
    lang: language,
    dir: direction(language),
  };
}
