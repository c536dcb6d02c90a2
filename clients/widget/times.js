/**
 * Times as a reader wants them: relative for the first hour, then the hour in the reader's own zone, and date,
 * second and zone in the title.
 *
 * @typedef {ReturnType<typeof timesIn>} Times
 */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/**
 * @param {string} language
 * @param {string} [timeZone] the reader's own unless given
 */
export function timesIn(language, timeZone) {
  // Latin digits everywhere: dispatches quote Latin names and numbers, and two sets of digits read badly.
  const tag = `${language}-u-hc-h23-nu-latn`;
  /** @param {Intl.DateTimeFormatOptions} options */
  const format = (options) => new Intl.DateTimeFormat(tag, { timeZone, ...options });
  const hour = format({ timeStyle: "short" });
  const day = format({ dateStyle: "medium" });
  const both = format({ dateStyle: "medium", timeStyle: "short" });
  const whole = format({ dateStyle: "full", timeStyle: "long" });
  const relative = new Intl.RelativeTimeFormat(tag, { numeric: "auto", style: "short" });

  /** "14:05", with the date when that is another one. @param {string} iso @param {number} now */
  function at(iso, now) {
    const then = new Date(iso);
    return (day.format(then) === day.format(now || Date.now()) ? hour : both).format(then);
  }

  /** "now", "2 min. ago", "14:05". @param {string} iso @param {number} now NaN while the log's time is unknown */
  function ago(iso, now) {
    const passed = now - Date.parse(iso);
    if (!(passed < HOUR)) return at(iso, now);
    const minutes = Math.max(0, Math.floor(passed / MINUTE));
    return minutes ? relative.format(-minutes, "minute") : relative.format(0, "second");
  }

  /** "14 sec", "3 min", "2 hr". @param {number} seconds */
  function age(seconds) {
    const [value, unit] = seconds < 120 ? [seconds, "second"] : seconds < 7200 ? [seconds / 60, "minute"] : [seconds / 3600, "hour"];
    return new Intl.NumberFormat(tag, { style: "unit", unit }).format(Math.floor(value));
  }

  /** Brings every <time> under a node up to date. @param {ParentNode} root @param {number} now */
  function paint(root, now) {
    for (const time of root.querySelectorAll("time")) {
      const { dateTime } = time;
      const text = time.dataset.as === "ago" ? ago(dateTime, now) : at(dateTime, now);
      if (time.textContent !== text) time.textContent = text;
      time.title = whole.format(new Date(dateTime));
    }
  }

  return { ago, at, age, paint };
}
