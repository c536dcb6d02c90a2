import assert from "node:assert/strict";
import { test } from "node:test";
import { elapsed, slept } from "../../../clients/feed/clock.js";

const start = /** @type {const} */ ([1_000_000, 1_000]);
/** @param {number} wall @param {number} mono */
const after = (wall, mono) => /** @type {const} */ ([start[0] + wall, start[1] + mono]);

test("elapsed is what the clock that says more says", () => {
  assert.equal(elapsed(start, after(500, 500)), 500);
  assert.equal(elapsed(start, after(60_000, 500)), 60_000, "the monotonic clock stood still");
  assert.equal(elapsed(start, after(-3_600_000, 500)), 500, "the wall clock was set back");
  assert.equal(elapsed(start, after(-5, -5)), 0);
});

test("sleep shows as a wall clock that outran the other", () => {
  assert.equal(slept(start, after(10_000, 10_000)), false);
  assert.equal(slept(start, after(11_500, 10_000)), false, "clocks are allowed to be a little apart");
  assert.equal(slept(start, after(12_000, 10_000)), false, "by up to two seconds");
  assert.equal(slept(start, after(12_001, 10_000)), true, "and no more");
  assert.equal(slept(start, after(60_000, 500)), true);
  assert.equal(slept(start, after(-3_600_000, 500)), false, "a clock set back is no sleep");
});
