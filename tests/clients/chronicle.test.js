import assert from "node:assert/strict";
import { test } from "node:test";
import { chronicle, still } from "../../clients/reader/chronicle.js";
import { beat, filed, kill, line, tombstone } from "./frames.js";

/** @import { Dispatch, Frame, Line } from "../../clients/feed/frames.d.ts" */

const PAGE = { story: "bridge", limit: 4 };

/** @param {string} id @param {Partial<Line>} [more] */
const told = (id, more) => line(id, { story: "bridge", ...more });

/** The story of dispatches d and b after some frames. @param {...Frame} frames */
const after = (...frames) => on(PAGE, ...frames);

/** @param {import("../../clients/reader/chronicle.js").Page} page @param {...Frame} frames */
function on(page, ...frames) {
  /** @type {Dispatch[]} */
  let lines = [told("d"), told("b")];
  for (const frame of frames) {
    Object.freeze(lines);
    lines = chronicle(lines, frame, page);
  }
  return lines.map(words);
}

/** @param {Dispatch} dispatch */
const words = (dispatch) => (dispatch.status === "killed" ? `${dispatch.id} killed` : `${dispatch.id}${dispatch.revision}`);

test("a new line of the story comes at its head, one of another story or of none doesn't", () => {
  assert.deepEqual(after(filed("2-b", told("e"))), ["e1", "d1", "b1"]);
  assert.deepEqual(after(filed("2-b", line("e", { story: "harbour" })), filed("3-c", line("f"))), ["d1", "b1"]);
});

test("a correction replaces the line in its place, an older revision doesn't", () => {
  assert.deepEqual(after(filed("2-b", told("b", { revision: 3 })), filed("3-c", told("b", { revision: 2 }))), ["d1", "b3"]);
});

test("a correction that moves a line into the story puts it where it was filed", () => {
  assert.deepEqual(after(filed("2-b", told("c", { revision: 2 }))), ["d1", "c2", "b1"]);
  assert.deepEqual(after(filed("2-b", told("a", { revision: 2 }))), ["d1", "b1", "a2"]);
});

test("a correction that moves a line out of the story takes it away", () => {
  assert.deepEqual(after(filed("2-b", told("b", { revision: 2, story: "harbour" }))), ["d1"]);
  assert.deepEqual(after(filed("2-b", line("b", { revision: 2 }))), ["d1"]);
});

test("an older revision from before the line came into the story takes nothing away", () => {
  assert.deepEqual(after(filed("2-b", told("b", { revision: 2 })), filed("3-c", line("b"))), ["d1", "b2"]);
});

test("a kill leaves a tombstone, and is final", () => {
  assert.deepEqual(after(kill("2-b", "b"), filed("3-c", told("b", { revision: 9 }))), ["d1", "b killed"]);
  assert.deepEqual(after(kill("2-b", "b"), filed("3-c", line("b", { revision: 9 }))), ["d1", "b killed"]);
});

test("a kill of a line that isn't of the story says nothing of it", () => {
  assert.deepEqual(after(kill("2-b", "c")), ["d1", "b1"]);
});

test("of a story without end the newest lines stay", () => {
  assert.deepEqual(after(filed("2-b", told("e")), filed("3-c", told("f")), filed("4-d", told("g"))), ["g1", "f1", "e1", "d1"]);
});

test("a page of older ones takes in what belongs before its bound, and no news", () => {
  const older = { ...PAGE, before: "e" };
  assert.deepEqual(on(older, filed("2-b", told("f")), filed("3-c", told("c", { revision: 2 }))), ["d1", "c2", "b1"]);
  assert.deepEqual(on(older, kill("2-b", "d")), ["d killed", "b1"]);
});

test("a frame that says nothing of the story leaves the very list", () => {
  const lines = [told("b")];
  const others = [filed("2-b", line("c")), filed("2-b", told("b")), kill("2-b", "z"), beat("2-b", 0), { type: /** @type {const} */ ("pin"), position: "2-b", id: "b" }];
  for (const frame of others) assert.equal(chronicle(lines, frame, PAGE), lines);
});

test("a reader who paused sees kills and what is gone, and nothing else", () => {
  const now = [told("e"), tombstone("c", "x"), told("b", { revision: 2 }), told("a")];
  assert.deepEqual(still([told("d"), told("c"), told("b")], now).map(words), ["c killed", "b1"]);
});
