/**
 * The badge: what may be said about the page, in a word, and how many follow. Never in a live region: it
 * changes every second when the news is late, and a screen reader would say nothing else.
 *
 * @import { Status } from "../feed/freshness.js"
 * @import { Words } from "./words.js"
 */

import { locale, say, span } from "./words.js";

/**
 * @param {Words} words
 * @param {Status} status
 * @param {boolean} paused a page that stands still isn't live, however fresh its feed
 */
export function wording(words, { name, age }, paused) {
  if (paused) return words.paused;
  if (name === "delayed") return say(words.delayed, { age: span(words, age) });
  const { live, off_air, catching_up } = words;
  return { live, "off-air": off_air, closed: off_air, "catching-up": catching_up, connecting: catching_up }[name];
}

/**
 * @param {{badge: HTMLElement, word: HTMLElement, count?: HTMLElement}} parts without count where that isn't told
 * @param {Words} words
 */
export function badge({ badge, word, count }, words) {
  const number = new Intl.NumberFormat(locale(words));

  /** @param {Status} status @param {number | null} watching @param {boolean} paused */
  function show(status, watching, paused) {
    badge.dataset.state = paused ? "paused" : status.name;
    write(word, wording(words, status, paused));
    // A node that hasn't counted this reader yet says 0, which no reader would believe.
    if (count && !paused) write(count, watching ? say(words.watching, { n: number.format(watching) }) : "");
  }

  return { show };
}

/** @param {HTMLElement} element @param {string} text */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
