/**
 * The widget's shadow root, built or taken over from what the service drew. Its markup is a contract with the
 * service's template:
 *
 *   <style>the text of widget.css</style>                      drawn by the service only
 *   <div class="w list" lang="en" dir="ltr">                   class: the layout; no data-state until the script is there
 *     <div class="bar">
 *       <span part="badge"><i class="dot"></i><span class="word">Not live, as of <time part="time" …>18:52 UTC</time></span></span>
 *       <a part="link" class="brand" href="{src}/feeds/{feed}" target="_blank" rel="noopener">Latest news</a>
 *       <span class="tools">
 *         <button class="previous" type="button" title="Newer" aria-label="Newer">‹</button>
 *         <button class="next" type="button" title="Older" aria-label="Older">›</button>
 *         <button part="pause" type="button">Pause</button>
 *         <button class="close" type="button" title="Close" aria-label="Close">×</button>
 *       </span>
 *     </div>
 *     <button part="new" type="button" hidden></button>
 *     <ol part="list" role="list" tabindex="0" aria-label="Latest news">…the dispatches, see draw.js…</ol>
 *     <p class="empty" hidden>Nothing yet. …</p>               not hidden if there is no dispatch
 *     <div class="fallback" hidden><slot></slot></div>         hidden once there is a snapshot, so always in the service's
 *     <p class="as-of"></p>                                    for print: "As of <time …>"
 *   </div>
 *   <div class="heard" role="status"></div>                    the live regions stand outside what may be hidden,
 *   <div class="heard" role="alert"></div>                     and are empty at load
 *
 * All layouts have all of it; the style sheet shows what each needs. In `strip` all dispatches but the first are
 * `hidden`; `line` has one at most, and `.w` itself is hidden without it.
 */

import { make } from "./draw.js";

/** @typedef {Record<"w" | "bar" | "badge" | "word" | "brand" | "list" | "empty" | "fallback" | "asOf" | "polite" | "alert", HTMLElement> & Record<"previous" | "next" | "pause" | "close" | "fresh", HTMLButtonElement>} Frame */

/** @type {Record<keyof Frame, string>} */
const PLACES = {
  w: ".w",
  bar: ".bar",
  badge: "[part=badge]",
  word: ".word",
  brand: ".brand",
  previous: ".previous",
  next: ".next",
  pause: "[part=pause]",
  close: ".close",
  fresh: "[part=new]",
  list: "[part=list]",
  empty: ".empty",
  fallback: ".fallback",
  asOf: ".as-of",
  polite: "[role=status]",
  alert: "[role=alert]",
};

/**
 * @param {ShadowRoot} root empty, or as the service drew it
 * @returns {Frame}
 */
export function frameIn(root) {
  const find = () => Object.entries(PLACES).map(([name, place]) => [name, root.querySelector(place)]);
  let found = find();
  // A fragment that another version of the service drew may lack something.
  if (found.some(([, element]) => !element)) {
    root.replaceChildren(...build());
    found = find();
  }
  return Object.fromEntries(found);
}

/** @returns {HTMLElement[]} */
function build() {
  /** @param {Record<string, string>} properties @param {string} [text] */
  const button = (properties, text = "") => make("button", { type: "button", ...properties }, text);
  const list = make("ol", { part: "list", role: "list" });
  list.tabIndex = 0;
  return [
    make("div", { className: "w" },
      make("div", { className: "bar" },
        make("span", { part: "badge" }, make("i", { className: "dot" }), make("span", { className: "word" })),
        make("a", { part: "link", className: "brand", target: "_blank", rel: "noopener" }),
        make("span", { className: "tools" },
          button({ className: "previous" }, "‹"), button({ className: "next" }, "›"),
          button({ part: "pause" }), button({ className: "close" }, "×"))),
      button({ part: "new", hidden: "true" }),
      list,
      make("p", { className: "empty" }),
      make("div", { className: "fallback" }, make("slot", {})),
      make("p", { className: "as-of" })),
    make("div", { className: "heard", role: "status" }),
    make("div", { className: "heard", role: "alert" }),
  ];
}
