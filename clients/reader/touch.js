/**
 * Whether the reader has a hand on the list: scrolled into it, moved the focus or a selection there, or is pressing on
 * it. What they touched does not move until they let go.
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
 * @param {() => void} onrelease called when the reader may have let go
 * @returns {() => boolean} whether the list is touched at this moment
 */
export function touch(list, timers, onrelease) {
  let pressed = false;
  /** @type {unknown} */
  let lingering;

  function touched() {
    const { activeElement } = document;
    const focused = activeElement !== list && list.contains(activeElement);
    const selection = getSelection();
    const selected = Boolean(selection && !selection.isCollapsed && selection.containsNode(list, true));
    return pressed || scrollY > TOP || focused || selected;
  }

  function look() {
    if (!touched()) onrelease();
  }

  function lift() {
    if (!pressed) return;
    timers.clear(lingering);
    lingering = timers.set(() => {
      pressed = false;
      look();
    }, LINGER);
  }

  list.addEventListener("pointerdown", () => {
    timers.clear(lingering);
    pressed = true;
  });
  addEventListener("pointerup", lift);
  addEventListener("pointercancel", lift);
  addEventListener("scroll", look, { passive: true });
  document.addEventListener("selectionchange", look);
  // Only after the event is it known where the focus went.
  list.addEventListener("focusout", () => timers.set(look, 0));
  return touched;
}
