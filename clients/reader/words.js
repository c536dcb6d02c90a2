/**
 * The page's own words, in the language of its feed. The service keeps them in words.json and puts the right
 * ones both into the template and into the page's data, so that one table serves both.
 *
 * @typedef {typeof import("./words.json")["en"]} Words
 */

/**
 * A phrase with its gaps filled: say("{n} new", {n: 3}).
 *
 * @param {string} phrase
 * @param {Record<string, string | number>} values
 */
export function say(phrase, values) {
  return phrase.replace(/\{(\w+)\}/g, (gap, name) => String(values[name] ?? gap));
}

/**
 * A span of time, as coarse as a glance needs.
 *
 * @param {Words} words
 * @param {number} seconds
 */
export function span(words, seconds) {
  if (seconds < 120) return say(words.seconds, { n: seconds });
  if (seconds < 7200) return say(words.minutes, { n: Math.floor(seconds / 60) });
  return say(words.hours, { n: Math.floor(seconds / 3600) });
}

/**
 * The language for numbers and times. Latin digits everywhere: a page whose hours and counts mix two sets of
 * digits, as dispatches and their Latin names do, is slower to read than either.
 *
 * @param {Words} words
 */
export function locale(words) {
  return `${words.language}-u-nu-latn`;
}
