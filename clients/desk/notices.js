/** Sentences that stay until somebody has read them, with what can be done about them. */

import { button, make, part } from "./element.js";

/** More than this hide each other. */
const MOST = 2;

/**
 * @param {string} sentence
 * @param {string} dismiss
 * @param {...Node} actions
 * @returns {HTMLElement} for whom an action ends it
 */
export function notice(sentence, dismiss, ...actions) {
  const list = part("notices");
  const element = make("div", { className: "notice", role: "status" }, make("p", {}, sentence),
    make("p", { className: "actions" }, ...actions, button(dismiss, () => element.remove(), { className: "quiet" })));
  list.append(element);
  while (list.children.length > MOST) list.firstElementChild?.remove();
  return element;
}
