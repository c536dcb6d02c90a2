/**
 * Times as a reader wants them: relative for the first hour, then the hour in the reader's own zone, and date,
 * second and zone in the title.
 *
 * @typedef {ReturnType<typeof timesIn>} Times
 */

const MINUTE = 60_000;

/** @param {string} language */
export function timesIn(language) {
  // Latin digits everywhere: dispatches quote Latin names and numbers, and two sets of digits read badly.
  const tag = `${language}-u-hc-h23-nu-latn`;
  /** @param {Intl.DateTimeFormatOptions} options */
  const format = (options) => new Intl.DateTimeFormat(tag, options);
  const hour = format({ timeStyle: "short" });
  const both = format({ dateStyle: "medium", timeStyle: "short" });
  const whole = format({ dateStyle: "full", timeStyle: "long" });
  const relative = new Intl.RelativeTimeFormat(tag, { numeric: "auto", style: "short" });

  /** "14:05", with the date when that is another one than now. @param {Date} then @param {number} now */
  const at = (then, now) => (then.toDateString() === new Date(now || Date.now()).toDateString() ? hour : both).format(then);

  /** "now", "2 min. ago", "14:05". @param {Date} then @param {number} now NaN while the log's time is unknown */
  function ago(then, now) {
    const minutes = Math.max(0, Math.floor((now - +then) / MINUTE));
    if (!(minutes < 60)) return at(then, now);
    return minutes ? relative.format(-minutes, "minute") : relative.format(0, "second");
  }

  return {
    at,
    ago,
    /** Weekday, date, hour, second and zone. @param {number | Date} then */
    full: (then) => whole.format(then),
    /** "14 sec", "3 min". @param {number} seconds */
    age(seconds) {
      const long = seconds >= 120;
      return new Intl.NumberFormat(tag, { style: "unit", unit: long ? "minute" : "second" }).format(long ? Math.floor(seconds / 60) : seconds);
    },
    /** Brings every <time> under a node up to date. @param {ParentNode} root @param {number} now */
    paint(root, now) {
      for (const time of root.querySelectorAll("time")) {
        const then = new Date(time.dateTime);
        const text = (time.dataset.ago === "" ? ago : at)(then, now);
        if (time.textContent !== text) Object.assign(time, { textContent: text, title: whole.format(then) });
      }
    },
  };
}
