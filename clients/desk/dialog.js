/**
 * One dialog at a time, over everything: a sheet at the lower edge on a phone. Escape and the first button close it, and
 * the focus returns to where it was, which the browser sees to.
 */

import { button, make } from "./element.js";

/**
 * @param {string} title
 * @param {string} cancel what the button that closes it says
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {{element: HTMLDialogElement, close: () => void}}
 */
export function dialog(title, cancel, ...children) {
  for (const open of document.querySelectorAll("dialog[open]")) /** @type {HTMLDialogElement} */ (open).close();
  const heading = make("h2", { id: "dialog-title" }, title);
  const element = make("dialog", { className: "sheet", "aria-labelledby": "dialog-title" });
  const close = () => element.close();
  element.append(make("header", {}, heading, button(cancel, close, { className: "quiet", name: "cancel" })), ...children.filter((each) => each instanceof Node || typeof each === "string"));
  element.addEventListener("close", () => element.remove());
  let typed = false;
  element.addEventListener("input", () => {
    typed = true;
  });
  // A tap beside it closes it, but not what is half written: a thumb slips, and a selection may end there.
  element.addEventListener("click", (event) => event.target === element && !typed && close());
  document.body.append(element);
  element.showModal();
  return { element, close };
}
