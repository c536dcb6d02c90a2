import assert from "node:assert/strict";
import { test } from "node:test";
import { direction } from "../../clients/feed/direction.js";

const cases = {
  ar: "rtl", "ar-EG": "rtl", AR: "rtl", he: "rtl", fa: "rtl", ur: "rtl", en: "ltr", "es-419": "ltr", "zh-Hans": "ltr",
  "az-Arab": "rtl", "ks-Deva": "ltr", "": "ltr",
};
for (const [language, way] of Object.entries(cases)) {
  test(`${language || "no language"} is written ${way}`, () => assert.equal(direction(language), way));
}
