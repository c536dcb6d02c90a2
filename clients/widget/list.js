/**
 * The list in the page, brought to a wanted state with the fewest touches: dispatches are known by id, an
 * unchanged one is not touched, a changed one keeps its element, and the reader keeps the place in it. What the
 * service drew is taken over as it stands.
 *
 * @import { Dispatch } from "../feed/frames.d.ts"
 * @import { Setting } from "./draw.js"
 */

import { draw, edition } from "./draw.js";

/**
 * Dispatches the service drew, of which nothing is known but that they are there: they stay until a snapshot or
 * history says more.
 *
 * @param {HTMLElement} list
 * @returns {Dispatch[]}
 */
export function drawnIn(list) {
  return [...items(list)].map(({ dataset: { id = "", edition } }) =>
    /** @type {Dispatch} */ (/** @type {unknown} */ ({ id, status: edition?.split("-")[0], drawn: true })));
}

/**
 * @param {HTMLElement} list
 * @param {Dispatch[]} dispatches in their order
 * @param {string | null} pinned
 * @param {Setting} setting
 * @param {boolean} afresh true to draw each again: the setting has changed
 */
export function showIn(list, dispatches, pinned, setting, afresh) {
  const known = new Map([...items(list)].map((item) => [item.dataset.id, item]));
  // Held by hand, because not every browser anchors a scrolled list.
  const top = list.getBoundingClientRect().top;
  const anchor = list.scrollTop > 0 && [...items(list)].find((item) => item.getBoundingClientRect().bottom > top);
  const before = anchor && anchor.offsetTop;

  let next = list.firstElementChild;
  for (const dispatch of dispatches) {
    const item = known.get(dispatch.id) ?? document.createElement("li");
    known.delete(dispatch.id);
    const first = dispatch.id === pinned && dispatch.status === "usable";
    if ("text" in dispatch || "reason" in dispatch) {
      if (afresh || item.dataset.edition !== edition(dispatch, first)) draw(item, dispatch, first, setting);
    }
    if (item === next) next = item.nextElementSibling;
    else list.insertBefore(item, next);
  }
  for (const item of known.values()) item.remove();
  if (anchor && anchor.isConnected) list.scrollTop += anchor.offsetTop - Number(before);
}

/** @param {HTMLElement} list */
function items(list) {
  return /** @type {Iterable<HTMLElement>} */ (list.children);
}
