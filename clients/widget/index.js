/**
 * Registers `<breaking-ticker>`, unless an older copy of this script has; does nothing where there is no DOM.
 */

import { BreakingTicker } from "./element.js";
import css from "./widget.css" with { type: "text" };

if (globalThis.customElements && !customElements.get("breaking-ticker")) {
  // The service is where the script came from, with the path prefix it may have before /embed/, or before /assets/ on
  // the service's own pages.
  BreakingTicker.base = import.meta.url.replace(/(.*)\/(embed|assets)\/.*/, "$1");
  BreakingTicker.sheet = new CSSStyleSheet();
  BreakingTicker.sheet.replaceSync(css);
  customElements.define("breaking-ticker", BreakingTicker);
}

export { BreakingTicker };
