/**
 * The attributes of a widget, read into one object. What is missing or makes no sense becomes the default.
 *
 * @import { Dispatch } from "../feed/frames.d.ts"
 */

/** Most urgent first; a filter lets through what stands at its own place or before. */
const URGENCIES = ["flash", "bulletin", "urgent", "normal"];

/** Attributes that may change at run time. */
export const ATTRIBUTES =
  ["feed", "src", "layout", "limit", "hold", "min-urgency", "sections", "places", "lang", "dir", "schema"];

/**
 * @typedef {object} Options
 * @property {string} feed
 * @property {string} src base URL of the service, without a trailing slash
 * @property {boolean} strip one dispatch at a time
 * @property {boolean} line lies over the page
 * @property {number} limit dispatches shown, 1–50
 * @property {number} hold milliseconds from filing until a dispatch shows, 0–300,000
 * @property {number} least index of the least urgency that shows
 * @property {string[]} sections
 * @property {string[]} places
 * @property {boolean} filtered true if some dispatches of the feed do not pass
 */

/**
 * @param {(name: string) => string | null} get getAttribute of the element
 * @param {string} base where the script came from
 * @returns {Options}
 */
export function readOptions(get, base) {
  /** @param {string} name @param {number} otherwise @param {number} low @param {number} high */
  const number = (name, otherwise, low, high) =>
    Math.min(high, Math.max(low, parseInt(get(name) ?? "") || otherwise));
  /** @param {string} name */
  const labels = (name) => (get(name) ?? "").split(",").map((label) => label.trim()).filter(Boolean);

  const layout = get("layout");
  const line = layout === "line";
  const wanted = URGENCIES.indexOf(get("min-urgency") ?? "");
  const least = Math.min(line ? 1 : 3, wanted < 0 ? 3 : wanted);
  const sections = labels("sections");
  const places = labels("places");
  return {
    feed: get("feed") ?? "",
    src: (get("src") || base).replace(/\/+$/, ""),
    strip: layout === "strip",
    line,
    limit: line ? 1 : number("limit", 10, 1, 50),
    hold: number("hold", 0, 0, 300) * 1000,
    least,
    sections,
    places,
    filtered: least < 3 || sections.length + places.length > 0,
  };
}

/**
 * The filters as the service's history takes them.
 *
 * @param {Options} options
 * @returns {[string, string | number][]}
 */
export function query({ limit, sections, places, least }) {
  return [["limit", limit], ["section", sections.join()], ["place", places.join()], ["min_urgency", URGENCIES[least] ?? ""]];
}

/**
 * Return True if a usable dispatch passes the filters. A tombstone never does: nothing is left to judge it by.
 *
 * @param {Dispatch} dispatch
 * @param {Options} options
 */
export function passes(dispatch, { least, sections, places }) {
  /** @param {string[]} wanted @param {string[] | undefined} labels */
  const some = (wanted, labels) => !wanted.length || wanted.some((label) => labels?.includes(label));
  return dispatch.status === "usable" && URGENCIES.indexOf(dispatch.urgency) <= least &&
    some(sections, dispatch.sections) && some(places, dispatch.places);
}
