/**
 * Registers `<breaking-ticker>`, unless an older copy of this script has; does nothing where there is no DOM.
 */

import { BreakingTicker } from "./element.js";

if (!globalThis.customElements?.get("breaking-ticker")) globalThis.customElements?.define("breaking-ticker", BreakingTicker);

export { BreakingTicker };
