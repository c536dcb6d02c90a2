import assert from "node:assert/strict";
import { test } from "node:test";
import { chronicle, still } from "../../clients/reader/chronicle.js";
import { beat, filed, kill, line, tombstone } from "./frames.js";

/** @import { Dispatch, Frame, Line } from "../../clients/feed/frames.d.ts" */

const LIMIT = 4;

/** @param {string} id @param {Partial<Line>} [more] */
const told = (id, more) => line(id, { story: "bridge", ...more });

/** The story of lines b and d after some frames. @param {...Frame} frames */
function after(...frames) {
  /** @type {Dispatch[]} */
  let lines = [told("b"), told("d")];
  for (const frame of frames) {
    Object.freeze(lines);
    lines = chronicle(lines, frame, "bridge", LIMIT);
  }
  return lines.map(words);
}

/** @param {Dispatch} dispatch */
const words = (dispatch) => (dispatch.status === "killed" ? `${dispatch.id} killed` : `${dispatch.id}${dispatch.revision}`);

test("a new line of the story comes at its end, one of another story or of none doesn't", () => {
  assert.deepEqual(after(filed("2-b", told("e"))), ["b1", "d1", "e1"]);
  assert.deepEqual(after(filed("2-b", line("e", { story: "harbour" })), filed("3-c", line("f"))), ["b1", "d1"]);
});

test("a correction replaces the line in its place, an older revision doesn't", () => {
  assert.deepEqual(after(filed("2-b", told("b", { revision: 3 })), filed("3-c", told("b", { revision: 2 }))), ["b3", "d1"]);
});

test("a correction that moves a line into the story puts it where it was filed", () => {
  assert.deepEqual(after(filed("2-b", told("c", { revision: 2 }))), ["b1", "c2", "d1"]);
  assert.deepEqual(after(filed("2-b", told("a", { revision: 2 }))), ["a2", "b1", "d1"]);
});

test("a correction that moves a line out of the story takes it away", () => {
  assert.deepEqual(after(filed("2-b", told("b", { revision: 2, story: "harbour" }))), ["d1"]);
  assert.deepEqual(after(filed("2-b", line("b", { revision: 2 }))), ["d1"]);
});

test("an older revision from before the line came into the story takes nothing away", () => {
  assert.deepEqual(after(filed("2-b", told("b", { revision: 2 })), filed("3-c", line("b"))), ["b2", "d1"]);
});

test("a kill leaves a tombstone, and is final", () => {
  assert.deepEqual(after(kill("2-b", "b"), filed("3-c", told("b", { revision: 9 }))), ["b killed", "d1"]);
  assert.deepEqual(after(kill("2-b", "b"), filed("3-c", line("b", { revision: 9 }))), ["b killed", "d1"]);
});

test("a kill of a line that isn't of the story says nothing of it", () => {
  assert.deepEqual(after(kill("2-b", "c")), ["b1", "d1"]);
});

test("of a story without end the newest lines stay", () => {
  assert.deepEqual(after(filed("2-b", told("e")), filed("3-c", told("f")), filed("4-d", told("g"))), ["d1", "e1", "f1", "g1"]);
});

test("a frame that says nothing of the story leaves the very list", () => {
  const lines = [told("b")];
  const others = [filed("2-b", line("c")), filed("2-b", told("b")), kill("2-b", "z"), beat("2-b", 0), { type: /** @type {const} */ ("pin"), position: "2-b", id: "b" }];
  for (const frame of others) assert.equal(chronicle(lines, frame, "bridge", LIMIT), lines);
});

test("a reader who paused sees kills and what is gone, and nothing else", () => {
  const now = [told("a"), told("b", { revision: 2 }), tombstone("c", "x"), told("e")];
  assert.deepEqual(still([told("b"), told("c"), told("d")], now).map(words), ["b1", "c killed"]);
});
