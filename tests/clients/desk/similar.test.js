import assert from "node:assert/strict";
import { test } from "node:test";
import { likeness, plain, similar } from "../../../clients/desk/similar.js";

const NOW = Date.parse("2026-03-11T14:00:00Z");
/** @param {string} id @param {string} text @param {number} [minutes] ago @returns {any} */
const dispatch = (id, text, minutes = 1) => ({ id, status: "usable", text, filed: new Date(NOW - minutes * 60_000).toISOString() });
/** @param {string} text @param {...any} dispatches */
const ids = (text, ...dispatches) => similar(text, dispatches, NOW).map(({ id }) => id);

test("words are compared without case, marks, punctuation and order", () => {
  assert.deepEqual(plain("The BRIDGE, closed"), ["bridge", "closed", "the"]);
  assert.deepEqual(plain("أُغلِقَ الجسرُ"), plain("اغلق الجسر"));
});

test("likeness is twice what is common by all of it", () => {
  assert.equal(likeness("abcd", "abcd"), 1);
  assert.equal(likeness("abcd", "abxx"), 0.5);
  assert.equal(likeness("", "abcd"), 0);
});

test("another dispatch on the same event is shown, the most similar first", () => {
  const near = dispatch("b", "Bridge over the Marada closed after barge hits pier");
  const same = dispatch("a", "Bridge over Marada closed after a barge hits a pier");
  assert.deepEqual(ids("Bridge over Marada closed after a barge hits a pier", near, same), ["a", "b"]);
});

test("it is seen while it is being typed", () => {
  assert.deepEqual(ids("bridge over marada closed", dispatch("a", "Bridge over Marada closed in both directions after a barge struck its central pier")), ["a"]);
  assert.deepEqual(ids("bridge", dispatch("a", "Bridge over Marada closed in both directions")), [], "one word is not enough");
});

test("others are not: of another event, older than ten minutes, killed, or to no letters", () => {
  assert.deepEqual(ids("Parliament votes on the budget at noon", dispatch("a", "Bridge over Marada closed")), []);
  assert.deepEqual(ids("Bridge over Marada closed", dispatch("a", "Bridge over Marada closed", 10)), []);
  assert.deepEqual(ids("Bridge over Marada closed", { ...dispatch("a", ""), status: "killed", text: undefined }), []);
  assert.deepEqual(ids("… !", dispatch("a", "… !")), []);
});
