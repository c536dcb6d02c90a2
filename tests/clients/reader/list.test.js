import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { arrange, dispatchList } from "../../../clients/reader/list.js";
import { usable, tombstone } from "../feed/frames.js";
import { element, moves, open, page } from "./page.js";
import { words } from "./words.js";

/** @import { Dispatch } from "../../../clients/feed/frames.d.ts" */

open();

const still = { ago: () => "", hour: () => "", day: () => "", full: () => "", paint: () => {} };
const setting = { words: words.en, feed: "breaking", language: "en", direction: "ltr" };
/** @type {any} */
let list;
/** @type {ReturnType<typeof dispatchList>} */
let rows;

beforeEach(() => {
  list = element("ol");
  rows = dispatchList(list, setting, still);
  moves.length = 0;
});

const ids = () => list.children.map((/** @type {any} */ { dataset }) => dataset.id);
/** @param {string} id */
const item = (id) => list.children.find((/** @type {any} */ { dataset }) => dataset.id === id);

test("it shows the dispatches in their order", () => {
  rows.show([usable("c"), usable("b"), usable("a")], null);
  assert.deepEqual(ids(), ["c", "b", "a"]);
});

test("a new dispatch touches no other", () => {
  rows.show([usable("b"), usable("a")], null);
  const before = [item("b"), item("a")].map((each) => [each, ...each.children]);
  moves.length = 0;
  rows.show([usable("c"), usable("b"), usable("a")], null);
  assert.deepEqual(moves, ["line-c"]);
  assert.deepEqual([item("b"), item("a")].map((each) => [each, ...each.children]), before);
});

test("a correction keeps its element and its place", () => {
  rows.show([usable("b"), usable("a")], null);
  const before = item("a");
  rows.show([usable("b"), usable("a", { revision: 2, text: "corrected" })], null);
  assert.equal(item("a"), before);
  assert.match(before.textContent, /corrected/);
});

test("of a killed dispatch nothing is left", () => {
  rows.show([usable("a", { text: "false", source: "Nobody", byline: "X. Y." })], null);
  rows.show([tombstone("a", "not true")], null);
  assert.match(item("a").textContent, /^Withdrawn at .*\. Reason: not true$/);
  assert.equal(item("a").className, "dispatch tombstone");
});

test("a dispatch that is gone goes", () => {
  rows.show([usable("c"), usable("b"), usable("a")], null);
  rows.show([usable("c"), usable("a")], null);
  assert.deepEqual(ids(), ["c", "a"]);
});

test("a pinned dispatch comes first and says so; unpinned it goes back", () => {
  rows.show([usable("c"), usable("b"), usable("a")], "a");
  assert.deepEqual(ids(), ["a", "c", "b"]);
  assert.match(item("a").textContent, /Pinned/);
  rows.show([usable("c"), usable("b"), usable("a")], null);
  assert.deepEqual(ids(), ["c", "b", "a"]);
  assert.doesNotMatch(item("a").textContent, /Pinned/);
});

test("a killed dispatch or one not shown is not arranged first", () => {
  /** @type {Dispatch[]} */
  const dispatches = [usable("b"), tombstone("a", "x")];
  assert.equal(arrange(dispatches, "a"), dispatches);
  assert.equal(arrange(dispatches, "z"), dispatches);
});

test("a pinned dispatch older than the list comes first; killed, its tombstone comes last", () => {
  rows.show([usable("c"), usable("b")], "a", usable("a"));
  assert.deepEqual(ids(), ["a", "c", "b"]);
  assert.match(item("a").textContent, /Pinned/);
  rows.show([usable("c"), usable("b")], "a", tombstone("a", "not true"));
  assert.deepEqual(ids(), ["c", "b", "a"]);
  assert.match(item("a").textContent, /^Withdrawn at .*\. Reason: not true$/);
  rows.show([usable("c"), usable("b")], null);
  assert.deepEqual(ids(), ["c", "b"]);
});

test("what the template drew is taken over as it is", () => {
  const drawn = element("li", { id: "line-a", dataset: { id: "a", edition: "usable-1" } });
  drawn.append("drawn by the template");
  list.append(drawn);
  rows = dispatchList(list, setting, still);
  rows.show([usable("b"), usable("a")], null);
  assert.equal(item("a"), drawn);
  assert.equal(drawn.textContent, "drawn by the template");
  rows.show([usable("b"), usable("a", { revision: 2 })], null);
  assert.match(drawn.textContent, /text of a/);
});

test("a focused link keeps the focus when its dispatch is corrected", () => {
  rows.show([usable("a")], null);
  const link = item("a").querySelector("a");
  link.focus();
  rows.show([usable("a", { revision: 2 })], null);
  assert.notEqual(page.activeElement, link);
  assert.equal(page.activeElement, item("a").querySelector("a"));
});
