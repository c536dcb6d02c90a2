/**
 * The list of lines in the page, brought to a wanted state with the fewest touches: lines are known by id,
 * an unchanged line is not touched at all, a changed one keeps its element. What the template drew is taken
 * over as it stands.
 *
 * @import { Dispatch } from "../feed/frames.d.ts"
 * @import { Setting } from "./line.js"
 * @import { Times } from "./times.js"
 */

import { draw, edition } from "./line.js";

/**
 * A pinned line stands first, unless it was killed: a tombstone is no headline.
 *
 * @param {Dispatch[]} dispatches newest first
 * @param {string | null} pinned
 */
export function arrange(dispatches, pinned) {
  const held = dispatches.find(({ id, status }) => id === pinned && status === "usable");
  return held ? [held, ...dispatches.filter((dispatch) => dispatch !== held)] : dispatches;
}

/**
 * @param {HTMLElement} list
 * @param {Setting} setting
 * @param {Times} times
 */
export function lines(list, setting, times) {
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

  /** @param {Dispatch[]} dispatches newest first @param {string | null} pinned */
  function show(dispatches, pinned) {
    const wanted = new Set(dispatches.map(({ id }) => id));
    for (const [id, element] of known) {
      if (wanted.has(id)) continue;
      element.remove();
      known.delete(id);
    }
    /** @type {Element | null} */
    let next = list.firstElementChild;
    for (const dispatch of arrange(dispatches, pinned)) {
      const element = item(dispatch, dispatch.id === pinned && dispatch.status === "usable");
      if (element === next) next = next.nextElementSibling;
      else list.insertBefore(element, next);
    }
  }

  return { show };
}
