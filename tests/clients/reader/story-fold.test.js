import assert from "node:assert/strict";
import { test } from "node:test";
import { foldStory, storyTitle, whilePaused } from "../../../clients/reader/story-fold.js";
import { beat, filed, kill, usable, tombstone } from "../feed/frames.js";

/** @import { Dispatch, Frame, UsableDispatch } from "../../../clients/feed/frames.d.ts" */

const PAGE = { story: "bridge", limit: 4 };

/** @param {string} id @param {Partial<UsableDispatch>} [more] */
const chapter = (id, more) => usable(id, { story: "bridge", ...more });

/** The story of dispatches d and b after some frames. @param {...Frame} frames */
const after = (...frames) => on(PAGE, ...frames);

/** @param {import("../../../clients/reader/story-fold.js").Page} page @param {...Frame} frames */
function on(page, ...frames) {
  /** @type {Dispatch[]} */
  let dispatches = [chapter("d"), chapter("b")];
  for (const frame of frames) {
    Object.freeze(dispatches);
    dispatches = foldStory(dispatches, frame, page);
  }
  return dispatches.map(words);
}

/** @param {Dispatch} dispatch */
const words = (dispatch) => (dispatch.status === "killed" ? `${dispatch.id} killed` : `${dispatch.id}${dispatch.revision}`);

test("a new dispatch of the story comes at its head, one of another story or of none doesn't", () => {
  assert.deepEqual(after(filed("2-b", chapter("e"))), ["e1", "d1", "b1"]);
  assert.deepEqual(after(filed("2-b", usable("e", { story: "harbour" })), filed("3-c", usable("f"))), ["d1", "b1"]);
});

test("a correction replaces the dispatch in its place, an older revision doesn't", () => {
  assert.deepEqual(after(filed("2-b", chapter("b", { revision: 3 })), filed("3-c", chapter("b", { revision: 2 }))), ["d1", "b3"]);
});

test("a correction that moves a dispatch into the story puts it where it was filed", () => {
  assert.deepEqual(after(filed("2-b", chapter("c", { revision: 2 }))), ["d1", "c2", "b1"]);
  assert.deepEqual(after(filed("2-b", chapter("a", { revision: 2 }))), ["d1", "b1", "a2"]);
});

test("a correction that moves a dispatch out of the story takes it away", () => {
  assert.deepEqual(after(filed("2-b", chapter("b", { revision: 2, story: "harbour" }))), ["d1"]);
  assert.deepEqual(after(filed("2-b", usable("b", { revision: 2 }))), ["d1"]);
});

test("an older revision from before the dispatch came into the story takes nothing away", () => {
  assert.deepEqual(after(filed("2-b", chapter("b", { revision: 2 })), filed("3-c", usable("b"))), ["d1", "b2"]);
});

test("a kill leaves a tombstone, and is final", () => {
  assert.deepEqual(after(kill("2-b", "b"), filed("3-c", chapter("b", { revision: 9 }))), ["d1", "b killed"]);
  assert.deepEqual(after(kill("2-b", "b"), filed("3-c", usable("b", { revision: 9 }))), ["d1", "b killed"]);
});

test("a kill of a dispatch that isn't of the story says nothing of it", () => {
  assert.deepEqual(after(kill("2-b", "c")), ["d1", "b1"]);
});

test("of a story without end the newest dispatches stay", () => {
  assert.deepEqual(after(filed("2-b", chapter("e")), filed("3-c", chapter("f")), filed("4-d", chapter("g"))), ["g1", "f1", "e1", "d1"]);
});

test("a page of older ones takes in what belongs before its bound, and no news", () => {
  const older = { ...PAGE, before: "e" };
  assert.deepEqual(on(older, filed("2-b", chapter("f")), filed("3-c", chapter("c", { revision: 2 }))), ["d1", "c2", "b1"]);
  assert.deepEqual(on(older, kill("2-b", "d")), ["d killed", "b1"]);
});

test("a frame that says nothing of the story leaves the very list", () => {
  const dispatches = [chapter("b")];
  const others = [filed("2-b", usable("c")), filed("2-b", chapter("b")), kill("2-b", "z"), beat("2-b", 0), { type: /** @type {const} */ ("pin"), position: "2-b", id: "b" }];
  for (const frame of others) assert.equal(foldStory(dispatches, frame, PAGE), dispatches);
});

test("a reader who paused sees kills and what is gone, and nothing else", () => {
  const now = [chapter("e"), tombstone("c", "x"), chapter("b", { revision: 2 }), chapter("a")];
  assert.deepEqual(whilePaused([chapter("d"), chapter("c"), chapter("b")], now).map(words), ["c killed", "b1"]);
});

test("the slug of a story as words, as the template writes it", () => {
  for (const [slug, title] of [["marada-bridge", "Marada bridge"], ["s", "S"], ["a--b-", "A b"], ["7-days", "7 days"]]) {
    assert.equal(storyTitle(/** @type {string} */ (slug)), title);
  }
});
