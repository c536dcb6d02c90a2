/**
 * The attributes of a widget, read into one object. What is missing or makes no sense becomes the default.
 *
 * @import { Dispatch } from "../feed/frames.d.ts"
 */

/** Most urgent first; a filter lets through what stands at its own place or before. */
const URGENCIES = ["flash", "bulletin", "urgent", "normal"];

export const ATTRIBUTES = [
  "feed", "src", "layout", "limit", "hold", "min-urgency", "sections", "places", "lang", "dir", "theme", "schema",
];

/**
 * @typedef {object} Options
 * @property {string} feed
 * @property {string} src base URL of the service, without a trailing slash
 * @property {"list" | "strip" | "line"} layout
 * @property {number} limit dispatches shown, 1–50
 * @property {number} hold seconds from filing until a dispatch shows, 0–300
 * @property {string} minUrgency
 * @property {string[]} sections
 * @property {string[]} places
 * @property {string} schema
 * @property {boolean} filtered true if some dispatches of the feed do not pass
 */

/**
 * @param {(name: string) => string | null} get getAttribute of the element
 * @param {string} base where the script came from
 * @returns {Options}
 */
export function readOptions(get, base) {
  /** @param {string} name @param {number} low @param {number} high @param {number} otherwise */
  const number = (name, low, high, otherwise) =>
    Math.min(high, Math.max(low, Math.floor(Number(get(name) || otherwise)) || otherwise));
  /** @param {string} name @param {string[]} choices the first is the default */
  const choice = (name, ...choices) => choices[Math.max(0, choices.indexOf(get(name) ?? ""))] ?? "";
  /** @param {string} name */
  const labels = (name) => (get(name) ?? "").split(",").map((label) => label.trim()).filter(Boolean);

  const layout = /** @type {Options["layout"]} */ (choice("layout", "list", "strip", "line"));
  const line = layout === "line";
  const wanted = choice("min-urgency", "normal", "urgent", "bulletin", "flash");
  const minUrgency = line && wanted !== "flash" ? "bulletin" : wanted;
  const [sections, places] = [labels("sections"), labels("places")];
  return {
    feed: get("feed") ?? "",
    src: (get("src") || base).replace(/\/+$/, ""),
    layout,
    limit: line ? 1 : number("limit", 1, 50, 10),
    hold: number("hold", 0, 300, 0),
    minUrgency,
    sections,
    places,
    schema: choice("schema", "off", "auto", "always"),
    filtered: minUrgency !== "normal" || sections.length + places.length > 0,
  };
}

/**
 * Return True if a usable dispatch passes the filters. A tombstone never does: nothing is left to judge it by.
 *
 * @param {Dispatch} dispatch
 * @param {Options} options
 */
export function passes(dispatch, { minUrgency, sections, places }) {
  /** @param {string[]} wanted @param {string[] | undefined} labels */
  const some = (wanted, labels = []) => !wanted.length || wanted.some((label) => labels.includes(label));
  return dispatch.status === "usable" &&
    URGENCIES.indexOf(dispatch.urgency) <= URGENCIES.indexOf(minUrgency) &&
    some(sections, dispatch.sections) && some(places, dispatch.places);
}
