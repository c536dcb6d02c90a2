/**
 * Holds a reader's place while the list above it changes. The browser's own scroll anchoring is switched off
 * for the list (not all have it), so that the two don't correct each other.
 */

/**
 * @param {HTMLElement} list
 * @param {number} top the height covered by what sticks to the top of the window
 * @param {() => void} change
 */
export function steady(list, top, change) {
  const anchor = [...list.children].find((item) => item.getBoundingClientRect().bottom > top);
  const before = anchor?.getBoundingClientRect().top;
  change();
  if (!anchor?.isConnected || before === undefined) return;
  const moved = anchor.getBoundingClientRect().top - before;
  if (moved) scrollBy({ top: moved, behavior: "instant" });
}
