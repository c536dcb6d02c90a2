/**
 * What is true of a request that failed, in a sentence for its author: by the type of the problem, in the language of the
 * desk. The service's own sentences are English and more exact; a desk in English shows them where they add something.
 *
 * @import { Answer } from "./api.js"
 * @import { Problem } from "./item.d.ts"
 * @import { Words } from "./words.js"
 */

import { say } from "../reader/words.js";

/** Types whose sentence says more than their type. */
const EXACT = ["invalid", "conflict", "bad-request", "too-large"];

/** What each field is called on the desk, and the rule that it can break there. @type {Record<string, [keyof Words, keyof Words["rules"]]>} */
const FIELDS = {
  text: ["text", "line"],
  source: ["source", "line"],
  byline: ["byline", "line"],
  dateline: ["dateline", "line"],
  note: ["note", "line"],
  reason: ["reason", "line"],
  sections: ["sections", "labels"],
  places: ["places", "labels"],
  story: ["story", "line"],
  link: ["link", "link"],
  language: ["language_of", "language"],
  release_at: ["hold", "time"],
  edition_of: ["edition_of", "edition"],
  label: ["air_label", "line"],
  url: ["air_url", "link"],
  name: ["invite_name", "line"],
};

/** The part of a field's path that names it: `sections` of `sections.3`. @param {string} path */
const fieldOf = (path) => path.split(".", 1)[0] ?? "";

/** Each field at fault with its rule, or null if this desk does not know all of them. @param {Words} words @param {Problem} problem */
function rules(words, { errors = [] }) {
  const found = [...new Set(errors.map(({ field }) => fieldOf(field)))].map((field) => {
    const [name, rule] = FIELDS[field] ?? [];
    return name && rule && say(words.rules[rule], { field: String(words[name]) });
  });
  return found.length && found.every(Boolean) ? found.join(" ") : null;
}

/** @param {Words} words @param {Problem | undefined | null} problem */
export function problemWords(words, problem) {
  const { type = "", detail = "", held } = problem ?? {};
  const slug = type.split(":").at(-1) ?? "";
  const own = /** @type {Record<string, string>} */ (words.problems)[slug];
  // The service speaks English: its sentence is set apart from a page that may run the other way (UAX #9, isolates).
  const theirs = say(words.refused, { why: `\u2068${detail}\u2069` });
  if (held) return words.not_held;
  if (!own || (words.language === "en" && EXACT.includes(slug) && detail)) return theirs;
  if (slug !== "invalid" || !problem) return own;
  const fields = rules(words, problem);
  return fields ? say(own, { fields }) : theirs;
}

/** @param {Words} words @param {Answer} answer */
export function answerWords(words, { status, problem }) {
  if (problem) return problemWords(words, problem);
  return status === 0 ? words.no_answer : words.problems.unavailable;
}
