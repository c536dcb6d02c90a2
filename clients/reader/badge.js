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
 * @param {boolean} paused a page that does not change isn't live, however fresh its feed
 * @param {string} [closed] what is said of a closed feed
 */
export function wording(words, { name, age, reload }, paused, closed = "") {
  if (name === "closed") return closed;
  if (reload) return words.reload;
  if (paused) return words.paused;
  if (name === "delayed") return say(words.delayed, { age: span(words, age) });
  return { live: words.live, "off-air": words.off_air, "catching-up": words.catching_up, connecting: words.connecting }[name];
}

/**
 * @param {{badge: HTMLElement, word: HTMLElement, count?: HTMLElement | null}} parts without count where that isn't shown
 * @param {Words} words
 */
export function badge({ badge, word, count }, words) {
  const number = new Intl.NumberFormat(locale(words));

  /** @param {Status} status @param {number | null} watching @param {boolean} paused @param {string} [closed] as above */
  function show(status, watching, paused, closed = "") {
    const over = status.name === "closed" || status.reload;
    badge.dataset.state = over ? (status.name === "closed" ? "closed" : "reload") : paused ? "paused" : status.name;
    write(word, wording(words, status, paused, closed));
    if (!count) return;
    // A node that hasn't counted this reader yet says 0, which no reader would believe.
    if (over) write(count, "");
    else if (!paused) write(count, watching ? say(words.watching, { n: number.format(watching) }) : "");
  }

  return { show };
}

/**
 * In an element of its own: other words come in the place of these, where they may need one row instead of two.
 *
 * @param {HTMLElement} element @param {string} text
 */
function write(element, text) {
  if (element.textContent === text) return;
  const words = document.createElement("span");
  words.textContent = text;
  element.replaceChildren(...(text ? [words] : []));
}
