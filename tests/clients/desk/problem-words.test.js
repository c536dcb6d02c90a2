import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { answerWords, problemWords } from "../../../clients/desk/problem-words.js";

/** @param {string} language @returns {import("../../../clients/desk/words.js").Words} */
const words = (language) => JSON.parse(readFileSync(new URL(`../../../clients/desk/words/${language}.json`, import.meta.url), "utf8"));
const [en, ar, es] = [words("en"), words("ar"), words("es")];

/** @param {string} slug @param {object} [more] @returns {any} */
const problem = (slug, more) => ({ type: `urn:ticker:problem:${slug}`, status: 422, detail: "link: is not a full http or https address", ...more });
const errors = [{ field: "link" }, { field: "sections.2" }, { field: "sections.4" }];

test("a desk in another language says each type in its own words alone", () => {
  for (const own of [ar, es]) {
    for (const [slug, sentence] of Object.entries(own.problems)) {
      if (slug !== "invalid") assert.equal(problemWords(own, problem(slug)), sentence);
    }
  }
});

test("each field at fault is named once, as the form names it, with its rule", () => {
  assert.equal(
    problemWords(es, problem("invalid", { errors })),
    `Rechazado. Enlace a la noticia: la dirección entera, que empiece por https:// o http://. Secciones: ${es.rules.labels.split(": ")[1]}`,
  );
  assert.match(problemWords(ar, problem("invalid", { errors })), /^مرفوض\. رابط القصة: .*الأقسام: /);
});

test("a desk in English shows the service's own sentence where it is more exact", () => {
  assert.equal(problemWords(en, problem("invalid", { errors })), "Refused: \u2068link: is not a full http or https address\u2069");
  assert.equal(problemWords(en, problem("forbidden")), en.problems.forbidden);
});

test("what a newer service may say, of types and fields, is shown as it says it", () => {
  assert.equal(problemWords(ar, problem("teapot")), "مرفوض: \u2068link: is not a full http or https address\u2069");
  assert.equal(problemWords(ar, problem("invalid", { errors: [...errors, { field: "colour" }] })), problemWords(ar, problem("teapot")));
  assert.equal(problemWords(ar, problem("invalid")), problemWords(ar, problem("teapot")));
  assert.equal(problemWords(ar, undefined), "مرفوض: \u2068\u2069");
});

test("of a held dispatch that is gone it says so", () => {
  assert.equal(problemWords(es, problem("conflict", { held: { status: "spiked" } })), es.not_held);
  assert.equal(problemWords(es, problem("conflict")), es.problems.conflict);
});

test("no answer is not a refusal", () => {
  assert.equal(answerWords(ar, { status: 0, body: undefined, problem: null }), ar.no_answer);
  assert.equal(answerWords(ar, { status: 502, body: undefined, problem: null }), ar.problems.unavailable);
  assert.equal(answerWords(ar, { status: 503, body: undefined, problem: problem("unavailable") }), ar.problems.unavailable);
});
