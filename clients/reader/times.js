/**
 * Times as a reader wants them: how long ago while that is short, then the hour, in the reader's own zone,
 * and the whole truth on hover. The service sends UTC; the template shows it as such until this runs.
 */

import { locale, say } from "./words.js";

/** @import { Words } from "./words.js" */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A dispatch counts as new for so long; any finer and the page would count seconds at its reader. */
const NOW = 45_000;

/** How often a page looks at "2 min" again. Milliseconds. */
export const REPAINT = 15_000;

/**
 * @typedef {object} Times
 * @property {(iso: string) => string} ago "now", "2 min", "14:05", "3 Mar, 14:05", "3 Mar 2024, 14:05"
 * @property {(iso: string) => string} hour "14:05", with the day when it is another one, and the year likewise
 * @property {(iso: string) => string} day "3 March 2026"
 * @property {(iso: string) => string} full day, hour, second and zone
 * @property {(root: ParentNode) => void} paint brings every <time> under a node up to date
 */

/**
 * @param {Words} words
 * @param {() => number} now the server's time, in milliseconds
 * @param {string} [timeZone] the reader's own unless given
 * @returns {Times}
 */
export function times(words, now, timeZone) {
  const tag = locale(words);
  /** @type {Intl.DateTimeFormatOptions} */
  const clock = { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone };
  const today = new Intl.DateTimeFormat(tag, clock);
  const thisYear = new Intl.DateTimeFormat(tag, { ...clock, day: "numeric", month: "short" });
  const before = new Intl.DateTimeFormat(tag, { ...clock, day: "numeric", month: "short", year: "numeric" });
  const whole = new Intl.DateTimeFormat(tag, {
    ...clock, weekday: "long", day: "numeric", month: "long", year: "numeric", second: "2-digit", timeZoneName: "short",
  });
  const date = new Intl.DateTimeFormat(tag, { dateStyle: "long", timeZone });
  const same = new Intl.DateTimeFormat("en", { dateStyle: "short", timeZone });
  const year = new Intl.DateTimeFormat("en", { year: "numeric", timeZone });

  /** @param {string} iso */
  function hour(iso) {
    const then = new Date(iso);
    if (same.format(then) === same.format(now())) return today.format(then);
    return (year.format(then) === year.format(now()) ? thisYear : before).format(then);
  }

  /** @param {string} iso */
  function ago(iso) {
    const passed = now() - Date.parse(iso);
    if (passed < NOW) return words.now;
    if (passed < HOUR) return say(words.minutes, { n: Math.max(1, Math.floor(passed / MINUTE)) });
    return hour(iso);
  }

  /** @param {string} iso */
  const day = (iso) => date.format(new Date(iso));

  /** @param {string} iso */
  const full = (iso) => whole.format(new Date(iso));

  /** @param {ParentNode} root */
  function paint(root) {
    for (const time of root.querySelectorAll("time")) {
      const text = (time.dataset.as === "ago" ? ago : hour)(time.dateTime);
      if (time.textContent !== text) time.textContent = text;
      const whole = full(time.dateTime);
      if (time.title !== whole) time.title = whole;
    }
  }

  return { ago, hour, day, full, paint };
}
