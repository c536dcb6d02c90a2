import assert from "node:assert/strict";
import { test } from "node:test";
import { empty, fold } from "../../../clients/feed/fold.js";
import { present } from "../../../clients/reader/screen.js";
import { filed, kill, usable, snapshot } from "../feed/frames.js";

/** @import { Frame } from "../../../clients/feed/frames.d.ts" */
/** @import { Mode } from "../../../clients/reader/screen.js" */

const LIMIT = 4;

/** What is on screen after some frames in one mode, from dispatches b and a. @param {Mode} mode @param {...Frame} frames */
function after(mode, ...frames) {
  let state = fold(empty("breaking"), snapshot("1-a", [usable("b"), usable("a")]), { limit: LIMIT });
  let screen = { shown: state, waiting: 0, more: false };
  for (const frame of frames) {
    state = fold(state, frame, { limit: LIMIT });
    screen = present(screen.shown, frame, state, mode, LIMIT);
  }
  return { waiting: screen.waiting, shown: screen.shown.dispatches.map(words), state, screen };
}

/** @param {import("../../../clients/feed/frames.d.ts").Dispatch} dispatch */
const words = (dispatch) => (dispatch.status === "killed" ? `${dispatch.id} killed` : `${dispatch.id}${dispatch.revision}`);

test("a reader at the top sees everything at once", () => {
  const { shown, waiting } = after("follow", filed("2-b", usable("c")), kill("3-c", "a"));
  assert.deepEqual(shown, ["c1", "b1", "a killed"]);
  assert.equal(waiting, 0);
});

test("a reader further down: new dispatches wait, corrections and kills don't", () => {
  const { shown, waiting } = after(
    "hold", filed("2-b", usable("c")), filed("3-c", usable("a", { revision: 2 })), kill("4-d", "b"), filed("5-e", usable("d")),
  );
  assert.deepEqual(shown, ["b killed", "a2"]);
  assert.equal(waiting, 2);
});

test("a reader who paused: only kills don't wait", () => {
  const { shown, waiting } = after("pause", filed("2-b", usable("c")), filed("3-c", usable("a", { revision: 2 })), kill("4-d", "b"));
  assert.deepEqual(shown, ["b killed", "a1"]);
  assert.equal(waiting, 1);
});

test("a dispatch that was killed while it waited is no longer waited for", () => {
  const { shown, waiting } = after("hold", filed("2-b", usable("c")), kill("3-c", "c"));
  assert.deepEqual(shown, ["b1", "a1"]);
  assert.equal(waiting, 0);
});

test("a kill reaches a dispatch on screen that the feed has long left behind", () => {
  const many = ["c", "d", "e", "f"].map((id) => filed("2-b", usable(id)));
  const { shown, state } = after("pause", ...many, kill("9-f", "a"));
  assert.deepEqual(shown, ["b1", "a killed"]);
  assert.deepEqual(state.dispatches.map(words), ["f1", "e1", "d1", "c1"]);
});

test("a snapshot corrects and kills what is on screen, and takes away what it doesn't have", () => {
  const killed = { ...kill("x", "b"), status: /** @type {const} */ ("killed"), updated: "2026-03-11T14:00:00Z" };
  const fresh = snapshot("9-f", [usable("c"), killed, usable("a", { revision: 2 })]);
  assert.deepEqual(after("hold", fresh).shown, ["b killed", "a2"]);
  assert.deepEqual(after("pause", fresh).shown, ["b killed", "a1"]);
  assert.equal(after("hold", fresh).waiting, 1);
  assert.deepEqual(after("hold", snapshot("9-f", [usable("c"), usable("b")])).shown, ["b1"]);
});

test("a screen that has nothing to take in is the same screen", () => {
  const { screen, state } = after("hold");
  assert.equal(present(screen.shown, filed("2-b", usable("c")), state, "hold", LIMIT).shown, screen.shown);
});

test("back at the top, everything is there", () => {
  const { screen, state } = after("hold", filed("2-b", usable("c")), { type: "pin", position: "3-c", id: "a" });
  assert.equal(screen.shown.pinned, null);
  const { shown, waiting } = present(screen.shown, null, state, "follow", LIMIT);
  assert.equal(shown, state);
  assert.equal(waiting, 0);
});

/** What is beside the list on screen after some frames, from dispatch b and, older and pinned, dispatch a. @param {Mode} mode @param {...Frame} frames */
function besideList(mode, ...frames) {
  const start = snapshot("1-a", [usable("b")], { pinned: "a", pinned_dispatch: usable("a") });
  let state = fold(empty("breaking"), start, { limit: LIMIT });
  let screen = { shown: state, waiting: 0, more: false };
  for (const frame of frames) {
    state = fold(state, frame, { limit: LIMIT });
    screen = present(screen.shown, frame, state, mode, LIMIT);
  }
  const { pinned_dispatch } = screen.shown;
  return pinned_dispatch && words(pinned_dispatch);
}

test("a pinned dispatch older than the list is corrected and killed on screen like the others", () => {
  assert.equal(besideList("hold", filed("2-b", usable("a", { revision: 2 }))), "a2");
  assert.equal(besideList("pause", filed("2-b", usable("a", { revision: 2 }))), "a1");
  assert.equal(besideList("pause", kill("2-b", "a")), "a killed");
  assert.equal(besideList("pause", { type: "pin", position: "2-b", id: null }, kill("3-c", "a")), "a killed", "also when it is pinned no more");
});

test("a snapshot corrects, kills and takes away a pinned dispatch older than the list", () => {
  const fresh = (/** @type {any} */ pinned_dispatch) => snapshot("9-f", [usable("c")], { pinned: "a", pinned_dispatch });
  assert.equal(besideList("hold", fresh(usable("a", { revision: 2 }))), "a2");
  assert.equal(besideList("pause", fresh({ ...usable("a"), status: "killed", reason: "x" })), "a killed");
  assert.equal(besideList("pause", snapshot("9-f", [usable("c")])), undefined);
});

test("more than the window holds: as many as there are, and more", () => {
  const window = ["c", "d", "e", "f"].map((id) => filed("2-b", usable(id)));
  assert.deepEqual([after("hold", ...window).waiting, after("hold", ...window).screen.more], [4, true]);
  assert.equal(after("pause", ...window, filed("3-c", usable("g"))).screen.more, true);
  assert.equal(after("hold", ...window.slice(0, 3)).screen.more, false);
  assert.equal(after("follow", ...window).screen.more, false);
});

test("a snapshot that has nothing of what is shown leaves open how many came", () => {
  const { screen } = after("pause", snapshot("9-f", [usable("f"), usable("e")]));
  assert.equal(screen.waiting, 2);
});
