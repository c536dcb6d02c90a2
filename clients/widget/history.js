/**
 * The one request for what the snapshot is too short for. Its URL is the same for all widgets of a site, so that
 * a shared cache serves them all.
 *
 * @import { Dispatch } from "../feed/frames.d.ts"
 * @import { Options } from "./options.js"
 */

import { query } from "./options.js";

/** Dispatches in a snapshot; a shorter one is the whole feed. */
export const SNAPSHOT = 20;

/**
 * How long to wait after the snapshot. A cached page of history may be one second old; one from before the
 * snapshot could bring back a dispatch that was killed in between, and no frame would tell of that. Milliseconds.
 */
export const AFTER = 1_100;

/** @param {Options} options */
export function historyUrl(options) {
  const wanted = query(options).filter(([, value]) => value && value !== "normal");
  return `${options.src}/v1/feeds/${options.feed}/dispatches?${wanted.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&")}`;
}

/** @param {Options} options @returns {Promise<Dispatch[]>} empty if the service does not deliver it */
export async function fetchHistory(options) {
  try {
    return (await (await fetch(historyUrl(options))).json()).dispatches;
  } catch {
    return [];
  }
}
