import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { direction } from "../../../clients/feed/direction.js";

/** @type {Record<string, string>} */
const golden = JSON.parse(readFileSync(new URL("../../golden/directions.json", import.meta.url), "utf8"));

const cases = {
  ar: "rtl", "ar-EG": "rtl", AR: "rtl", he: "rtl", fa: "rtl", ur: "rtl", en: "ltr", "es-419": "ltr", "zh-Hans": "ltr",
  "az-Arab": "rtl", "ks-Deva": "ltr", "": "ltr",
};
for (const [language, way] of Object.entries(cases)) {
  test(`${language || "no language"} is written ${way}`, () => assert.equal(direction(language), way));
}

test("languages are written as the service says", () => {
  const found = Object.fromEntries(Object.keys(golden).map((language) => [language, direction(language)]));
  assert.deepEqual(found, golden);
});
