import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { empty, fold, learn, pinIsMissing } from "../../../clients/feed/fold.js";
import { beat, filed, kill, usable, snapshot } from "./frames.js";

const golden = JSON.parse(readFileSync(new URL("../../golden/fold.json", import.meta.url), "utf8"));

/** @param {any} value @returns {any} */
function frozen(value) {
  if (value && typeof value === "object") Object.values(Object.freeze(value)).forEach(frozen);
  return value;
}

for (const { name, start, frames, expect } of golden) {
  test(`fold: ${name}`, () => {
    const state = [start, ...frames].reduce(
      (state, frame) => frozen(fold(state, frozen(frame), { limit: 20 })),
      frozen(empty("breaking")),
    );
    const { feed, ...shown } = state;
    assert.equal(feed, "breaking");
    assert.deepEqual(shown, expect);
  });
}

test("nothing is claimed of a feed before its first frame", () => {
  assert.deepEqual(empty("sport"), {
    feed: "sport", position: null, air: { on: false, label: null, url: null }, pinned: null, dispatches: [],
  });
});

test("a snapshot longer than the limit is cut", () => {
  const state = fold(empty("breaking"), snapshot("1-a", [usable("c"), usable("b"), usable("a")]), { limit: 2 });
  assert.deepEqual(state.dispatches.map(({ id }) => id), ["c", "b"]);
});

test("an unknown type moves nothing but the position, if it has one", () => {
  const state = fold(empty("breaking"), snapshot("1-a", []), { limit: 2 });
  assert.equal(fold(state, /** @type {any} */ ({ type: "weather" }), { limit: 2 }), state);
  const moved = fold(state, /** @type {any} */ ({ type: "weather", position: "2-b" }), { limit: 2 });
  assert.deepEqual(moved, { ...state, position: "2-b" });
});

test("a beat moves nothing, whatever its position", () => {
  const state = fold(empty("breaking"), snapshot("1-a", []), { limit: 2 });
  assert.equal(fold(state, beat("2-b", 0), { limit: 2 }), state);
});

test("dispatches arriving in any order end in filing order", () => {
  const orders = [["b", "c", "d"], ["d", "b", "c"], ["c", "d", "b"], ["d", "c", "b"]];
  for (const order of orders) {
    let state = fold(empty("breaking"), snapshot("1-a", [usable("a")]), { limit: 20 });
    for (const id of order) state = fold(state, filed("2-b", usable(id)), { limit: 20 });
    assert.deepEqual(state.dispatches.map(({ id }) => id), ["d", "c", "b", "a"]);
  }
});

test("a list too short for the pinned dispatch keeps it beside itself", () => {
  const start = snapshot("1-a", [usable("c"), usable("b"), usable("a")], { pinned: "a" });
  const state = fold(empty("breaking"), start, { limit: 2 });
  assert.equal(state.pinned_dispatch?.id, "a");
  assert.equal(fold(state, kill("2-b", "a"), { limit: 2 }).pinned_dispatch?.status, "killed");
});

test("a pinned dispatch that no frame brought is missing until it is learned", () => {
  const start = snapshot("1-a", [usable("c"), usable("b")]);
  const before = fold(empty("breaking"), start, { limit: 20 });
  assert.equal(pinIsMissing(before), false);
  const state = fold(before, { type: "pin", position: "2-b", id: "a" }, { limit: 20 });
  assert.equal(pinIsMissing(state), true);
  assert.equal(learn(state, usable("z")), state, "it is another one");
  const learned = learn(state, usable("a", { revision: 2 }));
  assert.equal(pinIsMissing(learned), false);
  assert.deepEqual(learned.pinned_dispatch, usable("a", { revision: 2 }));
  assert.equal(learn(learned, usable("a")), learned, "it is known better already");
  const killed = fold(learned, kill("3-c", "a"), { limit: 20 });
  assert.equal(learn(killed, usable("a", { revision: 9 })), killed, "a kill is final");
  assert.equal(pinIsMissing(fold(before, { type: "pin", position: "2-b", id: "b" }, { limit: 20 })), false, "it is in the list");
});
