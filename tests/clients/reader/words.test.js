import assert from "node:assert/strict";
import { test } from "node:test";
import { wording } from "../../../clients/reader/badge.js";
import { locale, say, span } from "../../../clients/reader/words.js";
import { words } from "./words.js";

const gaps = (/** @type {string} */ phrase) => phrase.match(/\{\w+\}/g) ?? [];

for (const [language, table] of Object.entries(words)) {
  test(`${language} has every word, with the same gaps`, () => {
    assert.deepEqual(Object.keys(table), Object.keys(words.en));
    for (const [key, phrase] of Object.entries(words.en)) {
      assert.deepEqual(gaps(table[/** @type {keyof typeof table} */ (key)]), gaps(phrase), key);
    }
  });
}

test("a phrase is filled, and what is not known is left to be seen", () => {
  assert.equal(say("{n} new", { n: 3 }), "3 new");
  assert.equal(say("{n} of {m}", { n: 0 }), "0 of {m}");
});

test("a span is as coarse as a glance needs", () => {
  assert.deepEqual([14, 119, 120, 7199, 7200].map((seconds) => span(words.en, seconds)), ["14 s", "119 s", "2 min", "119 min", "2 h"]);
});

test("digits are Latin in every language", () => {
  assert.equal(new Intl.NumberFormat(locale(words.ar)).format(7), "7");
});

test("the badge says in words what it shows", () => {
  const says = (/** @type {any} */ name, age = 0, paused = false) => wording(words.en, { name, age }, paused);
  assert.equal(says("live"), "LIVE");
  assert.equal(says("catching-up"), "CATCHING UP");
  assert.equal(says("off-air"), "OFF AIR");
  assert.equal(says("delayed", 14), "DELAYED 14 s");
  assert.equal(says("live", 0, true), "PAUSED", "a page that does not change isn't live");
  assert.equal(wording(words.ar, { name: "delayed", age: 14 }, false), "متأخر 14 ث");
});
