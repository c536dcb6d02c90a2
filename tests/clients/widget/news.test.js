import assert from "node:assert/strict";
import { test } from "node:test";
import { newsOf } from "../../../clients/widget/news.js";
import { wordsIn } from "../../../clients/widget/words.js";
import { usable, tombstone } from "../feed/frames.js";

/** @import { Language } from "../../../clients/widget/language.js" */

process.env.TZ = "UTC";
const NOW = Date.parse("2026-03-11T14:30:00Z");

/** @param {string} lang @param {string} dir @returns {Language} */
const language = (lang, dir) => ({ words: /** @type {Language["words"]} */ (wordsIn(lang)), lang, dir });
const english = language("en", "ltr");

test("an arrival is said in its own language, after its urgency and its source", () => {
  const dispatch = usable("1", { text: "خبر", source: "المتحدث", language: "ar", urgency: "bulletin" });
  assert.deepEqual(newsOf(dispatch, undefined, english, NOW), {
    name: "dispatch", detail: { dispatch, correction: false }, loud: false,
    text: "BULLETIN: المتحدث: خبر", lang: "ar", dir: "rtl",
  });
  assert.equal(newsOf(usable("1", { text: "News" }), undefined, english, NOW).text, "News");
});

test("a flash interrupts, and its correction does not", () => {
  const flash = usable("1", { text: "News", urgency: "flash" });
  assert.deepEqual(Object.values(newsOf(flash, undefined, english, NOW)).slice(2, 4), [true, "FLASH: News"]);
  const corrected = newsOf({ ...flash, revision: 2 }, flash, english, NOW);
  assert.deepEqual([corrected.loud, corrected.text], [false, "Corrected 14:00: News"]);
  assert.deepEqual(corrected.detail, { dispatch: { ...flash, revision: 2 }, correction: true });
});

test("a kill interrupts, in the widget's language, with the reason", () => {
  assert.deepEqual(newsOf(tombstone("1", "no"), usable("1"), language("es", "ltr"), NOW), {
    name: "kill", detail: { id: "1", reason: "no" }, loud: true,
    text: "Retirada a las 14:00. Motivo: no", lang: "es", dir: "ltr",
  });
});
