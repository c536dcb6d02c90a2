/**
 * `<breaking-ticker>`: a live feed in somebody else's page. This file is what the page can reach; what the widget
 * does is widget.js.
 */

import { ATTRIBUTES } from "./options.js";
import { widget } from "./widget.js";

/** Where there is no DOM the class can be imported, and does nothing. */
const Base = /** @type {typeof HTMLElement} */ (globalThis.HTMLElement ?? Object);

/** @typedef {"connecting" | "live" | "catching-up" | "delayed" | "off-air" | "closed"} State */

/**
 * A live feed of dispatches, in the page of somebody else.
 *
 * @tag breaking-ticker
 * @tagname breaking-ticker
 *
 * @attr {string} feed - Name of the feed. Required.
 * @attr {string} src - Base URL of the service. Default: where the script came from.
 * @attr {"list" | "strip" | "line"} layout - `list` scrolls; `strip` shows one dispatch at a time; `line` lies over the page while a flash or bulletin is younger than 30 minutes.
 * @attr {number} limit - Dispatches shown, 1–50. Default: 10.
 * @attr {number} hold - Seconds from filing until a dispatch shows, 0–300. Default: 0.
 * @attr {"normal" | "urgent" | "bulletin" | "flash"} min-urgency - The least urgent that shows. Default: `normal`.
 * @attr {string} sections - Comma-separated; shows what has one of them.
 * @attr {string} places - Comma-separated; shows what has one of them.
 * @attr {string} lang - Language of the widget's own words (en, ar, es). Default: the nearest `lang` of the page.
 * @attr {"auto" | "light" | "dark"} theme - `auto` follows the `color-scheme` of the page.
 *
 * @slot - Shown until the first snapshot: a link to the feed, for readers whom the service does not reach.
 *
 * @fires {CustomEvent<{dispatch: object, correction: boolean}>} ticker-dispatch - A dispatch was filed or corrected.
 * @fires {CustomEvent<{id: string, reason: string}>} ticker-kill - A dispatch was killed.
 * @fires {CustomEvent<{state: string, previous: string, age: number}>} ticker-state - `state` has changed.
 * @fires {CustomEvent<{dispatches: object[]}>} ticker-shown - These dispatches have come into the list.
 *
 * @csspart badge - What the widget may claim: LIVE, DELAYED and so on.
 * @csspart list - The list of dispatches.
 * @csspart dispatch - One dispatch, or the tombstone of one.
 * @csspart source - The source of the dispatch.
 * @csspart text - The text of the dispatch.
 * @csspart time - A time.
 * @csspart urgency - FLASH, BULLETIN or URGENT.
 * @csspart tombstone - What takes the place of a killed dispatch.
 * @csspart correction - When and why a dispatch was corrected.
 * @csspart pause - The button that stops and resumes the updates.
 * @csspart new - The button that shows what waits.
 * @csspart link - A link: to the feed, to a dispatch, to the full story.
 *
 * @cssprop --ticker-font - Font family. Default: the page's.
 * @cssprop --ticker-color - Text. Default: CanvasText.
 * @cssprop --ticker-background - Default: Canvas.
 * @cssprop --ticker-accent - Default: a news red.
 * @cssprop --ticker-on-accent - Text on the accent. Default: white.
 * @cssprop --ticker-radius - Corners. Default: 8px.
 * @cssprop --ticker-height - Block size of list and strip. Default: 30em, in a strip 11em.
 *
 * @cssstate connecting
 * @cssstate live
 * @cssstate catching-up
 * @cssstate delayed
 * @cssstate off-air
 * @cssstate closed
 */
export class BreakingTicker extends Base {
  /** @ignore */
  static observedAttributes = ATTRIBUTES;

  #widget = widget(this);

  /** What may be said about the feed now. @type {State} */
  get state() {
    return this.#widget.state;
  }

  /** What is shown, newest first, a pinned one before all: frozen copies. @type {ReadonlyArray<object>} */
  get dispatches() {
    return this.#widget.dispatches;
  }

  /** True while nothing but kills changes what is shown. @type {boolean} */
  get paused() {
    return this.#widget.paused;
  }

  /** Stops updates and announcements; kills still apply. */
  pause() {
    this.#widget.hold(true);
  }

  /** Jumps to now. */
  resume() {
    this.#widget.hold(false);
  }

  /** @ignore */
  connectedCallback() {
    // A declarative shadow root may still be on its way from the parser.
    if (document.readyState === "loading") addEventListener("DOMContentLoaded", this.#widget.begin);
    else this.#widget.begin();
  }

  /** @ignore */
  disconnectedCallback() {
    // One that is moved is back by then, and has lost nothing.
    setTimeout(this.#widget.end);
  }

  /** @ignore @param {string} name @param {string | null} before @param {string | null} now */
  attributeChangedCallback(name, before, now) {
    // Frameworks write what is there already.
    if (before !== now) this.#widget.configure();
  }
}
