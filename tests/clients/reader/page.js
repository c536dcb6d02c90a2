/**
 * As much of a document as the reader's modules touch, and no more. What would parse markup is missing on
 * purpose: a module that reached for it would fail here as it would under the page's Trusted Types.
 */

export class Element {
  /** @type {(Element | string)[]} */
  nodes = [];
  /** @type {Element | null} */
  parent = null;
  /** @type {Record<string, string>} */
  dataset = {};
  className = "";
  id = "";
  lang = "";
  dir = "";
  href = "";
  title = "";
  dateTime = "";
  hidden = false;

  /** @param {string} tag */
  constructor(tag) {
    this.tag = tag;
  }

  /** @param {string} _ */
  set innerHTML(_) {
    throw new Error("text is text");
  }

  /** @returns {Element[]} */
  get children() {
    return this.nodes.filter((node) => node instanceof Element);
  }

  /** @returns {Element | null} */
  get firstElementChild() {
    return this.children[0] ?? null;
  }

  /** @returns {Element | null} */
  get nextElementSibling() {
    const all = this.parent?.children ?? [];
    return all[all.indexOf(this) + 1] ?? null;
  }

  /** @returns {string} */
  get textContent() {
    return this.nodes.map((node) => (node instanceof Element ? node.textContent : node)).join("");
  }

  set textContent(text) {
    this.replaceChildren(text);
  }

  /** @param {...(Element | string)} nodes */
  append(...nodes) {
    for (const node of nodes) {
      if (node instanceof Element) {
        node.remove();
        node.parent = this;
      }
      this.nodes.push(node);
    }
  }

  /** @param {...(Element | string)} nodes */
  replaceChildren(...nodes) {
    for (const child of this.children) child.parent = null;
    this.nodes = [];
    this.append(...nodes);
  }

  /** @param {Element} node @param {Element | null} next */
  insertBefore(node, next) {
    node.remove();
    node.parent = this;
    this.nodes.splice(next ? this.nodes.indexOf(next) : this.nodes.length, 0, node);
    moves.push(node.id);
  }

  remove() {
    if (this.parent) this.parent.nodes = this.parent.nodes.filter((node) => node !== this);
    this.parent = null;
  }

  /** @param {Element} other @returns {boolean} */
  contains(other) {
    return this === other || this.children.some((child) => child.contains(other));
  }

  /** Every element under this one of a tag or a class. @param {string} selector @returns {Element[]} */
  querySelectorAll(selector) {
    const name = selector.replace(/^\./, "");
    const fits = (/** @type {Element} */ { tag, className }) =>
      selector.startsWith(".") ? className.split(" ").includes(name) : tag === name;
    return this.children.flatMap((child) => [...(fits(child) ? [child] : []), ...child.querySelectorAll(selector)]);
  }

  /** @param {string} selector */
  querySelector(selector) {
    return this.querySelectorAll(selector)[0] ?? null;
  }

  focus() {
    page.activeElement = this;
  }
}

/** Ids of the elements that were put somewhere by insertBefore, in order. @type {string[]} */
export const moves = [];

export const page = {
  /** @type {Element | null} */
  activeElement: null,
  /** @param {string} tag */
  createElement: (tag) => new Element(tag),
};

/** Makes this page the document of the test that imports it. */
export function open() {
  Object.assign(globalThis, { document: page, HTMLElement: Element });
}

/**
 * An element, for a module that expects a real one.
 *
 * @param {string} tag
 * @returns {any}
 */
export function element(tag, more = {}) {
  return Object.assign(new Element(tag), more);
}
