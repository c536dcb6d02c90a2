import assert from "node:assert/strict";
import { test } from "node:test";
import { readOptions } from "../../../clients/widget/options.js";
import { usable, tombstone } from "../feed/frames.js";

/** @param {Record<string, string>} [attributes] */
const options = (attributes = {}) => readOptions((name) => attributes[name] ?? null);

test("defaults", () => {
  const { limit, hold, filters, passes } = options();
  assert.deepEqual([limit, hold, filters], [10, 0, ""]);
  assert.ok(passes(usable("1")));
});

test("numbers stay within their bounds, and nonsense is the default", () => {
  for (const [given, limit] of [["0", 10], ["1", 1], ["50", 50], ["51", 50], ["-3", 1], ["many", 10], ["7.9", 7]]) {
    assert.equal(options({ limit: `${given}` }).limit, limit, `limit=${given}`);
  }
  for (const [given, hold] of [["300", 300_000], ["301", 300_000], ["-1", 0], ["x", 0]]) {
    assert.equal(options({ hold: `${given}` }).hold, hold, `hold=${given}`);
  }
  assert.equal(options({ layout: "line", limit: "9" }).limit, 1);
});

test("urgencies pass down to the least", () => {
  /** @param {Record<string, string>} attributes */
  const passing = (attributes) =>
    /** @type {const} */ (["flash", "bulletin", "urgent", "normal"]).filter((urgency) => options(attributes).passes(usable("1", { urgency })));
  assert.deepEqual(passing({ "min-urgency": "flash" }), ["flash"]);
  assert.deepEqual(passing({ "min-urgency": "urgent" }), ["flash", "bulletin", "urgent"]);
  assert.deepEqual(passing({ "min-urgency": "nonsense" }), ["flash", "bulletin", "urgent", "normal"]);
  assert.deepEqual(passing({ layout: "line" }), ["flash", "bulletin"]);
  assert.deepEqual(passing({ layout: "line", "min-urgency": "flash" }), ["flash"]);
});

test("sections and places: one of each that is given", () => {
  const { passes } = options({ sections: " Politics , World News,", places: "MENA" });
  assert.ok(passes(usable("1", { sections: ["World News"], places: ["Gaza", "MENA"] })));
  assert.ok(!passes(usable("1", { sections: ["World News"] })));
  assert.ok(!passes(usable("1", { sections: ["World"], places: ["MENA"] })));
  assert.ok(!passes(usable("1")));
});

test("a tombstone passes no filter, since nothing is left to judge it by", () => {
  assert.ok(!options().passes(tombstone("1", "no")));
});

test("history is asked with the same filters", () => {
  assert.equal(
    options({ sections: "Politics, R&D", places: "الشرق الأوسط", "min-urgency": "urgent" }).filters,
    `&section=Politics%2CR%26D&place=${encodeURIComponent("الشرق الأوسط")}&min_urgency=urgent`,
  );
});
