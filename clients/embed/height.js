/**
 * Tells the page around the frame how high its content is, for hosts that fit the frame to it. Nothing else depends
 * on it: a frame whose host does not listen scrolls inside.
 */

/** Content changes when dispatches do, and each change is a few mutations. Milliseconds. */
const SETTLE = 50;

/**
 * The height of all that is shown, were there no frame to cut it off. The list scrolls inside the widget, so its
 * content counts in place of its box; its box is never smaller than the frame leaves room for.
 *
 * @param {Element} content
 * @returns {number} CSS pixels
 */
export function heightOf(content) {
  const list = content.shadowRoot?.querySelector("[part=list]");
  const outer = content.getBoundingClientRect().height;
  if (!list || !list.lastElementChild) return Math.ceil(outer);
  const box = list.getBoundingClientRect();
  const shown = [...list.children].filter((item) => item.getClientRects().length);
  const last = shown.at(-1)?.getBoundingClientRect().bottom ?? box.top;
  return Math.ceil(outer - box.height + last - box.top + list.scrollTop);
}

/**
 * @param {Window} window
 * @param {Element | null} content
 */
export function postHeight({ parent, self }, content) {
  if (!content || parent === self) return;
  let posted = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let waiting;
  const post = () => {
    waiting = undefined;
    const height = heightOf(content);
    // A height says nothing about the reader, so any page may have it.
    if (height !== posted) parent.postMessage({ type: "ticker-height", height }, "*");
    posted = height;
  };
  const soon = () => {
    waiting ??= setTimeout(post, SETTLE);
  };
  new ResizeObserver(soon).observe(content);
  new MutationObserver(soon).observe(content.shadowRoot ?? content, { childList: true, subtree: true, attributes: true });
  soon();
}
