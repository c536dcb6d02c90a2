import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { empty, fold } from "../../clients/feed/fold.js";
import { filed, line, snapshot } from "./frames.js";

const golden = JSON.parse(readFileSync(new URL("../golden/fold.json", import.meta.url), "utf8"));

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
  const state = fold(empty("breaking"), snapshot("1-a", [line("c"), line("b"), line("a")]), { limit: 2 });
  assert.deepEqual(state.dispatches.map(({ id }) => id), ["c", "b"]);
});

test("an unknown type is left alone even when it has a position", () => {
  const state = fold(empty("breaking"), snapshot("1-a", []), { limit: 2 });
  assert.equal(fold(state, /** @type {any} */ ({ type: "weather", position: "2-b" }), { limit: 2 }), state);
});

test("lines arriving in any order end in filing order", () => {
  const orders = [["b", "c", "d"], ["d", "b", "c"], ["c", "d", "b"], ["d", "c", "b"]];
  for (const order of orders) {
    let state = fold(empty("breaking"), snapshot("1-a", [line("a")]), { limit: 20 });
    for (const id of order) state = fold(state, filed("2-b", line(id)), { limit: 20 });
    assert.deepEqual(state.dispatches.map(({ id }) => id), ["d", "c", "b", "a"]);
  }
});
