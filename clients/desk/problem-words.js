/**
 * What is true of a request that failed, in a sentence for its author.
 *
 * @import { Answer } from "./api.js"
 * @import { Problem } from "./item.d.ts"
 * @import { Words } from "./words.js"
 */

import { say } from "../reader/words.js";

/** Problems that the desk says in its own words; of all others it gives the service's. @type {Record<string, keyof Words>} */
const KNOWN = {
  killed: "problem_killed",
  closed: "problem_closed",
  "stale-revision": "problem_stale",
  forbidden: "problem_forbidden",
  "not-found": "problem_not_found",
  "cross-site": "problem_cross_site",
  "too-many": "why_limited",
};

/** @param {Words} words @param {Problem | undefined | null} problem */
export function problemWords(words, problem) {
  const own = KNOWN[problem?.type.split(":").at(-1) ?? ""];
  // The service speaks English: its sentence is set apart from a page that may run the other way (UAX #9, isolates).
  return own ? String(words[own]) : say(words.refused, { why: `\u2068${problem?.detail ?? ""}\u2069` });
}

/** @param {Words} words @param {Answer} answer */
export function answerWords(words, { status, problem }) {
  if (problem) return status === 503 ? words.unavailable_now : problemWords(words, problem);
  return status === 0 ? words.no_answer : words.unavailable_now;
}
