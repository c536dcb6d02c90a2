/**
 * Return true while the reader reads in the widget, so that nothing in it may move: the list is scrolled, a link or
 * the list itself has the focus, or something in it is selected. A focused button does not count.
 *
 * @param {ShadowRoot} root
 * @param {HTMLElement} list
 */
export function isInteracting(root, list) {
  // Only Chromium tells of a selection inside a shadow root by the root itself.
  const selection = /** @type {Selection | null} */ (/** @type {any} */ ("getSelection" in root ? root : document).getSelection());
  return list.scrollTop > 0 || root.activeElement && root.activeElement.localName !== "button" ||
    selection?.isCollapsed === false && list.contains(selection.anchorNode);
}
