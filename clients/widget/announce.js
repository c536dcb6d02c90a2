/**
 * What is said aloud, in two live regions that are empty at load: `alert` for a flash and a kill, `status` for
 * the rest. What comes together is said together, and past a few only counted: a reader who returns after an
 * hour wants the list, not a recital. What is killed before it was said is not said, and what was said is taken
 * out of the page.
 */

import { make } from "./draw.js";

/** How long to wait for more that belongs together. Milliseconds. */
const GATHER = 700;

/** Utterances read out at once; more are counted. */
const FEW = 3;

/** @typedef {{text: string, lang: string, dir: string, id?: string}} Utterance */

/**
 * @param {HTMLElement} polite
 * @param {HTMLElement} alert
 * @param {(count: number) => Utterance} counted what to say of too many
 * @param {typeof setTimeout} timeout
 */
export function announcer(polite, alert, counted, timeout = setTimeout) {
  /** @type {Map<HTMLElement, Utterance[]>} */
  let waiting = new Map();

  function speak() {
    for (const [region, said] of waiting) {
      const few = region === alert ? said.slice(-FEW) : said.length > FEW ? [counted(said.length)] : said;
      region.replaceChildren(...few.map(({ text, lang, dir }) => make("p", { lang, dir }, text)));
    }
    waiting.clear();
  }

  /** @param {boolean} loud @param {Utterance} utterance */
  function say(loud, utterance) {
    const region = loud ? alert : polite;
    if (!waiting.size) timeout(speak, GATHER);
    waiting.set(region, [...(waiting.get(region) ?? []), utterance]);
  }

  /** Nothing of it is said any more. @param {string} [id] of one dispatch; without it, all */
  function unsay(id) {
    for (const [region, said] of waiting) waiting.set(region, id ? said.filter((each) => each.id !== id) : []);
    polite.replaceChildren();
    alert.replaceChildren();
  }

  return { say, unsay };
}
