/** Shows the newest events of a widget as text, without those of what was killed since. */

const EVENTS = ["ticker-state", "ticker-shown", "ticker-dispatch", "ticker-kill"];

/** Events shown at once. */
const MOST = 6;

/** Characters of an event's detail. */
const LONGEST = 160;

/** @param {Element} widget @param {HTMLElement} log */
export function logEvents(widget, log) {
  /** What each item is cut from. @type {Map<Element, string>} */
  const details = new Map();
  let empty = true;

  /** @param {Element | null} item */
  function forget(item) {
    if (item) details.delete(item);
    item?.remove();
  }

  for (const name of EVENTS) {
    widget.addEventListener(name, (event) => {
      if (empty) log.replaceChildren();
      empty = false;
      const item = document.createElement("li");
      const told = /** @type {CustomEvent} */ (event).detail;
      const detail = JSON.stringify(told);
      if (name === "ticker-kill") for (const [item, whole] of details) whole.includes(told.id) && forget(item);
      item.textContent = `${name} ${detail.length > LONGEST ? `${detail.slice(0, LONGEST)}…` : detail}`;
      log.prepend(item);
      details.set(item, detail);
      while (log.children.length > MOST) forget(log.lastElementChild);
    });
  }
}
