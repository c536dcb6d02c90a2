/**
 * `<breaking-ticker>`: a live feed in somebody else's page. This file is the element's life in the document and
 * what the page can reach; what the reader sees is screen.js.
 */

import { languageOf } from "./language.js";
import { ATTRIBUTES, readOptions } from "./options.js";
import { screenIn } from "./screen.js";
import { channel, join } from "./shared.js";

/** A widget out of sight for so long hangs up; it connects again, with new proof, when it is seen. Milliseconds. */
const NAP = 5 * 60_000;

/** Where there is no DOM the class can be imported, and does nothing. */
const Base = /** @type {typeof HTMLElement} */ (globalThis.HTMLElement ?? Object);

/** @import { Dispatch } from "../feed/frames.d.ts" */
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
 * @csspart source - Who says so.
 * @csspart text - What is said.
 * @csspart time - A time.
 * @csspart urgency - FLASH, BULLETIN or URGENT.
 * @csspart tombstone - What stands in the place of a killed dispatch.
 * @csspart correction - When and why a dispatch was corrected.
 * @csspart pause - The button that stops and resumes the updates.
 * @csspart new - The button that shows what waits.
 * @csspart link - A link: to the feed, to a dispatch, to the full story.
 *
 * @cssprop --ticker-font - Font family. Default: the page's.
 * @cssprop --ticker-font-size - Default: the page's.
 * @cssprop --ticker-color - Text. Default: CanvasText.
 * @cssprop --ticker-background - Default: Canvas.
 * @cssprop --ticker-muted - Times and other small print.
 * @cssprop --ticker-accent - Default: a news red.
 * @cssprop --ticker-on-accent - Text on the accent. Default: white.
 * @cssprop --ticker-border - Colour of rules and borders.
 * @cssprop --ticker-radius - Corners. Default: 8px.
 * @cssprop --ticker-padding - Space at the sides. Default: 1em.
 * @cssprop --ticker-height - Block size of list and strip. Default: 30em and 6em.
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
  /** Where the script came from; the default of `src`. @ignore */
  static base = "";
  /** @type {CSSStyleSheet} @ignore */
  static sheet;

  /** @type {ReturnType<typeof screenIn> | undefined} */
  #screen;
  /** @type {import("./shared.js").Channel | undefined} */
  #channel;
  /** @type {CustomStateSet | undefined} */
  #states;
  /** @type {IntersectionObserver | undefined} */
  #observer;
  #key = "";
  #paused = false;
  #seen = false;
  #queued = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #nap;

  /** What may be said about the feed now. @type {State} */
  get state() {
    return this.#screen?.state ?? "connecting";
  }

  /** What is shown, newest first, a pinned one before all: frozen copies. @type {ReadonlyArray<object>} */
  get dispatches() {
    return Object.freeze(structuredClone(this.#screen?.dispatches ?? []).map(Object.freeze));
  }

  /** True while nothing but kills changes what is shown. @type {boolean} */
  get paused() {
    return this.#paused;
  }

  set paused(paused) {
    if (this.#paused === Boolean(paused)) return;
    this.#paused = !this.#paused;
    this.#screen?.hold(this.#paused);
  }

  /** Stops updates and announcements; kills still apply. */
  pause() {
    this.paused = true;
  }

  /** Jumps to now. */
  resume() {
    this.paused = false;
  }

  /** @ignore */
  connectedCallback() {
    // A declarative shadow root may still be on its way from the parser.
    if (document.readyState === "loading") addEventListener("DOMContentLoaded", () => this.#begin(), { once: true });
    else this.#begin();
  }

  /** @ignore */
  disconnectedCallback() {
    // One that is moved is back by then, and has lost nothing.
    setTimeout(() => this.isConnected || this.#end());
  }

  /** @ignore */
  attributeChangedCallback() {
    if (!this.#observer || this.#queued) return;
    this.#queued = true;
    queueMicrotask(() => {
      this.#queued = false;
      this.#configure();
    });
  }

  #begin() {
    if (!this.isConnected || this.#observer) return;
    this.#screen ??= this.#open();
    this.#observer = new IntersectionObserver((entries) => {
      this.#seen = Boolean(entries.at(-1)?.isIntersecting);
      this.#attend();
    }, { rootMargin: "200px" });
    this.#observer.observe(this);
    document.addEventListener("visibilitychange", this.#attend);
    this.#configure();
  }

  #open() {
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [BreakingTicker.sheet];
    this.#states = this.attachInternals().states;
    const screen = screenIn(
      root,
      (name, detail) => this.dispatchEvent(new CustomEvent(name, { bubbles: true, composed: true, detail })),
      (error) => this.#channel?.following.fault(error),
    );
    const { pause, fresh, jump } = screen;
    pause.onclick = () => {
      this.paused = !this.#paused;
    };
    fresh.onclick = () => {
      if (this.#paused) this.resume();
      else jump();
      pause.focus();
    };
    return screen;
  }

  #configure() {
    if (!this.#observer) return;
    const options = readOptions((name) => this.getAttribute(name), BreakingTicker.base);
    const key = `${options.src} ${options.feed}`;
    if (this.#key !== key) this.#leave();
    this.#key = key;
    this.#screen?.configure(options, languageOf(this));
    this.#attend();
  }

  /** Connects when the widget is seen, and hangs up when it has not been for long. */
  #attend = () => {
    clearTimeout(this.#nap);
    const [src = "", feed] = this.#key.split(" ");
    if (!feed || document.hidden || !this.#seen && this.getAttribute("layout") !== "line") {
      this.#nap = setTimeout(() => this.#channel && join(this.#channel, this.#take, false), NAP);
      return;
    }
    this.#channel ??= channel(src, feed);
    join(this.#channel, this.#take, true);
    const { last } = this.#channel;
    if (last) this.#screen?.guarded(this.#take)({ ...last, frame: null });
  };

  /** @param {import("../feed/follow.js").Change} change */
  #take = (change) => {
    this.#screen?.take(change);
    try {
      this.#states?.clear();
      this.#states?.add(this.state);
    } catch {
      // Chrome before 125 takes only names that begin with two dashes.
    }
  };

  #leave() {
    if (this.#channel) join(this.#channel, this.#take);
    this.#channel = undefined;
  }

  #end() {
    clearTimeout(this.#nap);
    document.removeEventListener("visibilitychange", this.#attend);
    this.#observer?.disconnect();
    this.#observer = undefined;
    this.#leave();
    this.#screen?.end();
  }
}
