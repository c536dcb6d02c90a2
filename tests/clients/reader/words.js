/** The page's words as the tests use them: the very table that the service reads. */

import { readFileSync } from "node:fs";

/** @type {typeof import("../../../clients/reader/words.json")} */
export const words = JSON.parse(readFileSync(new URL("../../../clients/reader/words.json", import.meta.url), "utf8"));
