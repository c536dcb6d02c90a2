/**
 * The widget's shadow root around its dispatches. Its markup is a contract with the service's template:
 *
 *   <style>the text of widget.css</style>                      drawn by the service only
 *   <div class="w list" lang="en" dir="ltr">                   class: `w` and the layout; no data-state until the script is there
 *     <div class="bar">
 *       <b part="badge">Not live, as of <time part="time" datetime>18:52 UTC</time></b>
 *       <a part="link" href="{src}/feeds/{feed}" target="_blank" rel="noopener">Latest news</a>
 *       <button class="step" aria-label="0/10" disabled>‹</button>    the buttons keep their place, hidden, until the script is there
 *       <button class="step" aria-label="2/10">›</button>
 *       <button part="pause">Pause</button>
 *       <button class="close" aria-label="Close">×</button>
 *     </div>
 *     <button part="new" hidden></button>
 *     <ol part="list" role="list" tabindex="0" aria-label="Latest news">…the dispatches, see draw.js…</ol>
 *     <slot hidden></slot>                                     the page's own content, shown while there is no dispatch
 *   </div>
 *   <div role="status"></div>                                  the live regions are outside what may be hidden,
 *   <div role="alert"></div>                                   and are empty at load
 *
 * All layouts have all of these elements; the style sheet shows what each needs. In `strip` all dispatches but the first are
 * `hidden`; `line` has one at most, and `.w` itself is hidden without it.
 *
 * What the service drew is replaced by what the script makes, in one step and without a shift; the elements of the
 * dispatches are kept.
 */

import { LINK } from "./draw.js";
import { make } from "./make.js";

export function frame() {
  /** @param {object} properties @param {string} [text] */
  const button = (properties, text) => make("button", properties, text);
  const badge = make("b", { part: "badge" });
  const link = make("a", LINK);
  const previous = button({ className: "step" }, "‹");
  const next = button({ className: "step" }, "›");
  const pause = button({ part: "pause" });
  const close = button({ className: "close" }, "×");
  const fresh = button({ part: "new", hidden: true });
  const list = make("ol", { part: "list", role: "list", tabIndex: 0 });
  const slot = make("slot");
  const bar = make("div", { className: "bar" }, badge, link, previous, next, pause, close);
  const w = make("div", null, bar, fresh, list, slot);
  const polite = make("div", { role: "status" });
  const alert = make("div", { role: "alert" });
  return /** @type {const} */ ([w, badge, link, previous, next, pause, close, fresh, list, slot, polite, alert]);
}
