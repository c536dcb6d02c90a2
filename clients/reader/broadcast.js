/**
 * The link to the newsroom's broadcast, there while it is on air.
 *
 * @import { Air } from "../feed/frames.d.ts"
 * @import { Words } from "./words.js"
 */

/**
 * @param {HTMLAnchorElement} link
 * @param {Words} words
 */
export function broadcast(link, words) {
  /** @param {Air} air */
  function show({ on, label, url }) {
    const leads = on && /^https?:\/\//i.test(url ?? "");
    link.hidden = !leads;
    if (!leads) return;
    link.href = url ?? "";
    link.textContent = label || words.watch_broadcast;
  }

  return { show };
}
