/**
 * The attributes of a widget, read into one object. What is missing or makes no sense becomes the default.
 *
 * @import { Dispatch } from "../feed/frames.d.ts"
 */

/** Most urgent first; a filter passes its own urgency and those before it. */
const URGENCIES = ["flash", "bulletin", "urgent", "normal"];

/** Attributes that may change at run time; the style sheet takes care of `theme`. */
export const ATTRIBUTES = "feed src layout limit hold min-urgency sections places lang dir".split(" ");

/**
 * @typedef {object} Options
 * @property {string} feed
 * @property {string} layout
 * @property {boolean} line True for the layout of that name
 * @property {number} limit dispatches shown, 1–50
 * @property {number} hold milliseconds from filing until a dispatch shows, 0–300,000
 * @property {string} filters as the service's history takes them; empty if all dispatches of the feed pass
 * @property {(dispatch: Dispatch) => boolean} passes True for a usable dispatch that passes the filters. A tombstone
 *   never does: nothing is left to judge it by.
 */

/** @param {(name: string) => string | null} get getAttribute of the element @returns {Options} */
export function readOptions(get) {
  /** @param {string} name @param {number} otherwise @param {number} most */
  const number = (name, otherwise, most) => Math.min(Math.max(parseInt(get(name) ?? "") || otherwise, 0), most);
  const layout = get("layout") ?? "";
  const line = layout === "line";
  const rank = URGENCIES.indexOf(get("min-urgency") ?? "");
  const least = line && rank ? 1 : rank < 0 ? 3 : rank;
  let filters = "";
  const labels = ["section", "place"].map((name) => {
    const wanted = get(`${name}s`)?.match(/[^,\s]([^,]*[^,\s])?/g);
    if (wanted) filters += `&${name}=${encodeURIComponent(`${wanted}`)}`;
    return (/** @type {any} */ dispatch) => !wanted || wanted.some((label) => dispatch[`${name}s`]?.includes(label));
  });
  if (least < 3) filters += `&min_urgency=${URGENCIES[least]}`;
  return {
    feed: get("feed") ?? "",
    layout,
    line,
    limit: line ? 1 : number("limit", 10, 50) || 1,
    hold: number("hold", 0, 300) * 1000,
    filters,
    passes: (dispatch) => dispatch.status === "usable" && URGENCIES.indexOf(dispatch.urgency) <= least &&
      labels.every((passes) => passes(dispatch)),
  };
}
