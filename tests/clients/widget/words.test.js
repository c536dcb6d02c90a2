import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fill, wordsIn } from "../../../clients/widget/words.js";

/** @type {Record<string, Record<string, string>>} */
const table = JSON.parse(readFileSync(new URL("../../../clients/widget/words.json", import.meta.url), "utf8"));

test("every language has every word, with the same gaps", () => {
  const gaps = (/** @type {string} */ phrase) => phrase.split("{}").length;
  for (const [language, words] of Object.entries(table)) {
    assert.deepEqual(Object.keys(words), Object.keys(table.en ?? {}), language);
    for (const [key, phrase] of Object.entries(words)) assert.equal(gaps(phrase), gaps(table.en?.[key] ?? ""), `${language} ${key}`);
  }
});

test("the language of a tag, or none", () => {
  assert.equal(wordsIn("ar-EG")?.live, "مباشر");
  assert.equal(wordsIn("fr"), undefined);
  assert.equal(wordsIn(""), undefined);
});

test("gaps are filled in their order, with whatever is given", () => {
  assert.equal(fill("Withdrawn at {}. Reason: {}", "19:31", "no").join(""), "Withdrawn at 19:31. Reason: no");
  assert.deepEqual(fill("LIVE", "14 sec"), ["LIVE"]);
});
