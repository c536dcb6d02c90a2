/**
 * The one request for what a snapshot is too short for. Its URL is the same for all widgets with the same filters,
 * so that a shared cache serves them all.
 *
 * @import { Dispatch } from "../feed/frames.d.ts"
 * @import { Options } from "./options.js"
 */

/** Dispatches in a snapshot; a shorter one is the whole feed. */
export const SNAPSHOT = 20;

/**
 * How long after a snapshot history is requested. A cached page of it may be one second old; one from before the
 * snapshot could bring back a dispatch that was killed in between, and no frame would correct that. Milliseconds.
 */
export const AFTER = 1_100;

/** @param {string} src @param {Options} options @returns {Promise<Dispatch[]>} empty if the service does not deliver it */
export async function history(src, { feed, limit, filters }) {
  try {
    const response = await fetch(`${src}/v1/feeds/${feed}/dispatches?limit=${limit}${filters}`);
    return (await response.json()).dispatches ?? [];
  } catch {
    return [];
  }
}
