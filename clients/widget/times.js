/**
 * Times as a reader wants them: relative for the first hour, then the hour in the reader's own zone.
 */

/** Latin digits everywhere: dispatches quote Latin names and numbers, and two sets of digits read badly. */
const DIGITS = "-u-hc-h23-nu-latn";

/** Making a format takes a thousand times as long as using it. @type {Record<string, any>} */
const formats = {};

/** @param {new (language: string, options: any) => any} Format @param {string} language @param {object} options */
const format = (Format, language, options) =>
  (formats[language + JSON.stringify(options)] ??= new Format(language + DIGITS, options));

/** "14:05", with the date when that is another one than now. @param {string} language @param {string} iso @param {number} now */
export function at(language, iso, now) {
  const then = new Date(iso);
  const today = then.toDateString() === new Date(now || Date.now()).toDateString();
  return format(Intl.DateTimeFormat, language, { timeStyle: "short", dateStyle: today ? undefined : "medium" }).format(then);
}

/**
 * "now", "2 min. ago", "14:05".
 *
 * @param {string} language
 * @param {string} iso
 * @param {number} now the log's time in milliseconds; NaN while unknown
 */
export function ago(language, iso, now) {
  const minutes = Math.max(0, Math.floor((now - Date.parse(iso)) / 60_000));
  return minutes < 60
    ? format(Intl.RelativeTimeFormat, language, { numeric: "auto", style: "short" }).format(-minutes, minutes ? "minute" : "second")
    : at(language, iso, now);
}

/** Weekday, date, hour, second and zone. @param {string} language @param {string | number} time */
export function full(language, time) {
  return format(Intl.DateTimeFormat, language, { dateStyle: "full", timeStyle: "long" }).format(new Date(time));
}

/** "14 sec", "3 min". @param {string} language @param {number} seconds */
export function span(language, seconds) {
  const [value, unit] = seconds < 120 ? [seconds, "second"] : [Math.floor(seconds / 60), "minute"];
  return format(Intl.NumberFormat, language, { style: "unit", unit }).format(value);
}

/** Brings every <time> of a list up to date. @param {HTMLElement} list @param {string} language @param {number} now */
export function paint(list, language, now) {
  for (const time of list.querySelectorAll("time")) {
    const { className, dateTime } = time;
    const text = (className ? ago : at)(language, dateTime, now);
    if (time.textContent !== text) Object.assign(time, { textContent: text, title: full(language, dateTime) });
  }
}
