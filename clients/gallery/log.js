/** Shows the newest events of a widget as text. */

const EVENTS = ["ticker-state", "ticker-shown", "ticker-dispatch", "ticker-kill"];

/** Events shown at once. */
const MOST = 6;

/** Characters of an event's detail. */
const LONGEST = 160;

/** @param {Element} widget @param {HTMLElement} log */
export function logEvents(widget, log) {
  let empty = true;
  for (const name of EVENTS) {
    widget.addEventListener(name, (event) => {
      if (empty) log.replaceChildren();
      empty = false;
      const item = document.createElement("li");
      const detail = JSON.stringify(/** @type {CustomEvent} */ (event).detail);
      item.textContent = `${name} ${detail.length > LONGEST ? `${detail.slice(0, LONGEST)}…` : detail}`;
      log.prepend(item);
      while (log.children.length > MOST) log.lastElementChild?.remove();
    });
  }
}
