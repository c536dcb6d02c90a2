/**
 * An element with its properties and children. Strings become text, never markup; what is false is left out.
 *
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {object | null} [properties]
 * @param {...(Node | string | false | undefined | null)} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function make(tag, properties, ...children) {
  return fillIn(Object.assign(document.createElement(tag), properties), ...children);
}

/**
 * Replaces what an element holds.
 *
 * @template {Element} T
 * @param {T} element
 * @param {...(Node | string | false | undefined | null)} children
 */
export function fillIn(element, ...children) {
  element.replaceChildren(.../** @type {Node[]} */ (children.filter(Boolean)));
  return element;
}
