/**
 * The widget's shadow root around its dispatches. Its markup is a contract with the service's template:
 *
 *   <style>the text of widget.css</style>                      drawn by the service only
 *   <div class="w list" lang="en" dir="ltr">                   class: `w` and the layout; no data-state until the script is there
 *     <div class="bar">
 *       <b part="badge"><i></i><span>Not live, as of <time part="time" datetime>18:52 UTC</time></span></b>
 *       <a part="link" href="{src}/feeds/{feed}" target="_blank" rel="noopener">Latest news</a>
 *       <button class="step" title="Newer">‹</button>          the buttons keep their place, hidden, until the script is there
 *       <button class="step" title="Older">›</button>
 *       <button part="pause">Pause</button>
 *       <button class="close" title="Close">×</button>
 *     </div>
 *     <button part="new" hidden></button>
 *     <ol part="list" role="list" tabindex="0" aria-label="Latest news">…the dispatches, see draw.js…</ol>
 *     <p class="note" hidden>No news yet</p>                   not hidden if there is no dispatch
 *     <slot class="note" hidden></slot>                        never hidden by the service if it shows nothing
 *     <p class="as-of">As of …</p>                             for print
 *   </div>
 *   <div role="status"></div>                                  the live regions stand outside what may be hidden,
 *   <div role="alert"></div>                                   and are empty at load
 *
 * All layouts have all of it; the style sheet shows what each needs. In `strip` all dispatches but the first are
 * `hidden`; `line` has one at most, and `.w` itself is hidden without it.
 *
 * What the service drew is replaced by what the script makes, in one step and without a shift; the elements of the
 * dispatches are kept.
 */

import { LINK } from "./draw.js";
import { make } from "./make.js";

/** @typedef {ReturnType<typeof frameIn>} Frame */

/** @param {ShadowRoot} root empty, or as the service drew it */
export function frameIn(root) {
  const old = root.querySelector("ol");
  const top = old?.scrollTop ?? 0;
  const button = (properties = {}, text = "") => make("button", properties, text);
  const [word, link, fresh, pause] = [make("span", {}), make("a", LINK), button({ part: "new" }), button({ part: "pause" })];
  const [previous, next] = [button({ className: "step" }, "‹"), button({ className: "step" }, "›")];
  const close = button({ className: "close" }, "×");
  const list = make("ol", { part: "list", role: "list", tabIndex: 0 }, ...(old?.children ?? []));
  const [empty, slot, asOf] = [make("p", { className: "note" }), make("slot", { className: "note" }), make("p", { className: "as-of" })];
  const w = make("div", {},
    make("div", { className: "bar" }, make("b", { part: "badge" }, make("i", {}), word), link, previous, next, pause, close),
    fresh, list, empty, slot, asOf);
  const [polite, alert] = [make("div", { role: "status" }), make("div", { role: "alert" })];
  root.replaceChildren(w, polite, alert);
  list.scrollTop = top;
  return { w, word, link, fresh, pause, previous, next, close, list, empty, slot, asOf, polite, alert };
}
