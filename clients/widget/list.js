/**
 * The list in the page, brought to a wanted state with the fewest touches: dispatches are known by id, an
 * unchanged one is not touched, and a changed one keeps its element.
 *
 * @import { Dispatch } from "../feed/frames.d.ts"
 */

import { find } from "../feed/fold.js";
import { edition } from "./draw.js";
import { make } from "./make.js";

/**
 * @param {HTMLElement} list
 * @param {Dispatch[]} dispatches in their order; one without `filed` is known only as drawn by the service
 * @param {string | null} pinned
 * @param {(item: HTMLElement, dispatch: Dispatch) => void} draw
 */
export function showIn(list, dispatches, pinned, draw) {
  /** @type {Map<string | undefined, HTMLElement>} */
  const known = new Map();
  for (const item of /** @type {HTMLElement[]} */ ([...list.children])) {
    const { id } = item.dataset;
    if (find(dispatches, id)) known.set(id, item);
    else item.remove();
  }
  dispatches.forEach((dispatch, index) => {
    const item = known.get(dispatch.id) ?? make("li");
    if (dispatch.filed && item.dataset.edition !== edition(dispatch, pinned)) draw(item, dispatch);
    const there = list.children[index] ?? null;
    if (item !== there) list.insertBefore(item, there);
  });
}
