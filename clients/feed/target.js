/**
 * What a connection asks for.
 *
 * @import { Instant } from "./frames.d.ts"
 *
 * @typedef {object} Target
 * @property {string} url of the feed, without a query
 * @property {(first?: boolean) => string | null} after the position to resume from; null asks for a snapshot
 * @property {string} [asked] the URL of the last long-poll, whichever connection made it
 * @property {Instant} [when] it was made
 */

/**
 * @param {Target} target
 * @param {"live" | "changes"} route
 * @param {string | null} position
 * @param {string} [more]
 */
export function address({ url }, route, position, more = "") {
  return `${url}/${route}${position === null ? "" : `?after=${encodeURIComponent(position)}${more}`}`;
}
