import assert from "node:assert/strict";
import { test } from "node:test";
import { BASE, CAP, backoff } from "../../../clients/feed/backoff.js";

test("the bound doubles, up to the cap", () => {
  const bounds = [0, 1, 2, 3, 4, 5, 6, 7, 50, 5000].map((attempt) => backoff(attempt, () => 1));
  assert.deepEqual(bounds, [500, 1000, 2000, 4000, 8000, 16000, CAP, CAP, CAP, CAP]);
});

test("the jitter is full: the wait may be anything from nothing on", () => {
  assert.equal(backoff(3, () => 0), 0);
  assert.equal(backoff(0, () => 0.25), BASE / 4);
});
