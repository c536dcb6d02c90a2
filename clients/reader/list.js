/**
 * The list of dispatches in the page, brought to a wanted state with the fewest changes: dispatches are known by id,
 * an unchanged one is not touched at all, a changed one keeps its element. What the template drew is taken
 * over as it is.
 *
 * @import { Dispatch } from "../feed/frames.d.ts"
 * @import { Setting } from "./draw.js"
 * @import { Times } from "./times.js"
 */

import { draw, edition } from "./draw.js";

/**
 * A pinned dispatch comes first, unless it was killed: a tombstone is no headline, and keeps the place that it would
 * have without the pin.
 *
 * @param {Dispatch[]} dispatches newest first
 * @param {string | null} pinned
 * @param {Dispatch} [older] the pinned one when it is none of these
 */
export function arrange(dispatches, pinned, older) {
  const all = older ? [...dispatches, older] : dispatches;
  const first = all.find(({ id, status }) => id === pinned && status === "usable");
  return first ? [first, ...all.filter((dispatch) => dispatch !== first)] : all;
}

/**
 * @param {HTMLElement} list
 * @param {Setting} setting
 * @param {Times} times
 */
export function dispatchList(list, setting, times) {
  /** @type {Map<string, HTMLElement>} */
  const known = new Map();
  for (const item of list.children) {
    if (item instanceof HTMLElement && item.dataset.id) known.set(item.dataset.id, item);
  }

  /** @param {Dispatch} dispatch @param {boolean} pinned */
  function item(dispatch, pinned) {
    let element = known.get(dispatch.id);
    if (element?.dataset.edition === edition(dispatch, pinned)) return element;
    if (!element) {
      element = document.createElement("li");
      known.set(dispatch.id, element);
    }
    const focused = element.contains(document.activeElement);
    draw(element, dispatch, pinned, setting);
    times.paint(element);
    if (focused) element.querySelector("a")?.focus({ preventScroll: true });
    return element;
  }

  /** @param {Dispatch[]} dispatches in their order @param {string | null} pinned @param {Dispatch} [older] as for arrange */
  function show(dispatches, pinned, older) {
    const arranged = arrange(dispatches, pinned, older);
    const wanted = new Set(arranged.map(({ id }) => id));
    for (const [id, element] of known) {
      if (wanted.has(id)) continue;
      element.remove();
      known.delete(id);
    }
    /** @type {Element | null} */
    let next = list.firstElementChild;
    for (const dispatch of arranged) {
      const element = item(dispatch, dispatch.id === pinned && dispatch.status === "usable");
      if (element === next) next = next.nextElementSibling;
      else list.insertBefore(element, next);
    }
  }

  return { show };
}
