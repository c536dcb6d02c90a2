/**
 * What is announced, in two live regions that are empty at load: `alert` for a flash and a kill, `status` for
 * the rest. What comes together is announced together, and only the newest few: a reader who returns after an hour
 * wants the list, not a recital. What is killed before it was announced is not announced, and what was announced is
 * taken out of the page.
 */

import { make } from "./make.js";

/** How long to wait for more that belongs together. Milliseconds. */
export const GATHER = 700;

/** How many utterances are read out at once. */
export const FEW = 3;

/** @typedef {{loud?: boolean, text: string, lang: string, dir: string}} Utterance */

/**
 * @param {HTMLElement} polite
 * @param {HTMLElement} alert
 */
export function announcer(polite, alert) {
  /** @type {{region: HTMLElement, element: HTMLElement, id: string | undefined}[]} */
  let waiting = [];

  function speak() {
    for (const region of [polite, alert]) {
      const said = waiting.filter((each) => each.region === region).slice(-FEW);
      if (said[0]) region.replaceChildren(...said.map(({ element }) => element));
    }
    waiting = [];
  }

  return {
    /** @param {Utterance} utterance @param {string} [id] of the dispatch */
    say({ loud, text, lang, dir }, id) {
      if (!waiting.length) setTimeout(speak, GATHER);
      waiting.push({ region: loud ? alert : polite, element: make("p", { lang, dir }, text), id });
    },
    /** Drops what has not been announced yet, and empties both regions. @param {string} [id] of one dispatch; without it, all */
    unsay(id) {
      waiting = waiting.filter((each) => id && each.id !== id);
      polite.replaceChildren();
      alert.replaceChildren();
    },
  };
}
