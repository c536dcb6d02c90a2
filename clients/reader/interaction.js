/**
 * Whether the reader is interacting with the list: has scrolled into it, has the focus or a selection in it, or is
 * pressing on it. Nothing in it moves until they stop.
 *
 * @import { Timers } from "../feed/frames.d.ts"
 */

/** A page scrolled by no more than this still counts as read from the top. CSS pixels. */
const TOP = 8;

/** How long after a press the list stays where it is: a click or a second tap may follow. Milliseconds. */
const LINGER = 1_000;

/**
 * @param {HTMLElement} list
 * @param {Timers} timers
 * @param {() => void} onrelease called when the reader may have stopped
 * @returns {() => boolean} returns true while the reader interacts with the list
 */
export function interaction(list, timers, onrelease) {
  let pressed = false;
  /** @type {unknown} */
  let lingering;

  function interacting() {
    const { activeElement } = document;
    const focused = activeElement !== list && list.contains(activeElement);
    const selection = getSelection();
    const selected = Boolean(selection && !selection.isCollapsed && selection.containsNode(list, true));
    return pressed || scrollY > TOP || focused || selected;
  }

  function check() {
    if (!interacting()) onrelease();
  }

  function release() {
    if (!pressed) return;
    timers.clear(lingering);
    lingering = timers.set(() => {
      pressed = false;
      check();
    }, LINGER);
  }

  list.addEventListener("pointerdown", () => {
    timers.clear(lingering);
    pressed = true;
  });
  addEventListener("pointerup", release);
  addEventListener("pointercancel", release);
  addEventListener("scroll", check, { passive: true });
  document.addEventListener("selectionchange", check);
  // Only after the event is it known where the focus went.
  list.addEventListener("focusout", () => timers.set(check, 0));
  return interacting;
}
