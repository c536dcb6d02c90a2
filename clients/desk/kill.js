/**
 * A kill in two taps: "Kill", then a reason from a short list, or one's own. Readers see the reason, so it is in the
 * language of the feed.
 *
 * @import { UsableDispatch } from "../feed/frames.d.ts"
 * @import { Words } from "./words.js"
 */

import { direction } from "../feed/direction.js";
import { dialog } from "./dialog.js";
import { button, make } from "./element.js";
import { quoted } from "./quoted.js";
import { words as wordsOf } from "./words.js";

/** Characters that the service takes as a reason. */
const LIMIT = 300;

/**
 * @param {Words} words
 * @param {object} about
 * @param {string} about.title
 * @param {string} about.text what it is about
 * @param {string} about.language of the text
 * @param {string} about.feedLanguage of those who read the reason
 * @param {string} about.act what the button does with one's own reason
 * @param {string} [about.note] what else is to be known
 * @param {(reason: string) => void} kill
 */
export function askReason(words, { title, text, language, feedLanguage, act, note }, kill) {
  const theirs = wordsOf(feedLanguage);
  const ui = { lang: theirs.language, dir: theirs.direction };
  /** @param {string} reason */
  const choose = (reason) => {
    open.close();
    kill(reason);
  };
  const own = make("input", { name: "reason", maxLength: LIMIT, autocomplete: "off", lang: feedLanguage, dir: direction(feedLanguage), required: true });
  const form = make("form", { className: "own-reason" },
    make("label", { className: "field" }, make("span", {}, words.own_reason), own),
    make("button", { type: "submit", className: "danger", name: "kill-with-reason" }, act));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const reason = own.value.replace(/\s+/g, " ").trim();
    if (reason) choose(reason);
    else own.focus();
  });
  const open = dialog(title, words.cancel,
    make("blockquote", { lang: language, dir: direction(language) }, ...quoted(words, { text })),
    note ? make("p", { className: "hint" }, note) : null,
    make("p", { className: "hint" }, words.reason_hint),
    make("ul", { className: "reasons" }, ...theirs.reasons.map((reason) => make("li", {}, button(reason, () => choose(reason), { name: "reason-choice", value: reason, ...ui })))),
    form);
}

/** @param {UsableDispatch} dispatch */
export const inWords = ({ source, text }) => (source ? `${source}: ${text}` : text);
