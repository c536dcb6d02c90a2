/**
 * The package: what a page or a program needs to follow a feed, and nothing that touches either when imported.
 */

export { empty, fold, learn, supersedes, tombstone, pinIsMissing } from "./fold.js";
export { follow } from "./follow.js";
