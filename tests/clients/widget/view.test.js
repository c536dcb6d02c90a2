import assert from "node:assert/strict";
import { test } from "node:test";
import { readOptions } from "../../../clients/widget/options.js";
import { KEPT, LINE, merge, present, prune, visible } from "../../../clients/widget/view.js";
import { usable, tombstone } from "../feed/frames.js";

/** @import { Dispatch } from "../../../clients/feed/frames.d.ts" */

const FILED = Date.parse("2026-03-11T14:00:00.000Z");

/** @param {Record<string, string>} [attributes] */
const options = (attributes = {}) => readOptions((name) => attributes[name] ?? null);


/** @param {...Dispatch} dispatches */
const list = (...dispatches) => dispatches;

/** @param {Dispatch[]} dispatches */
const ids = (dispatches) => dispatches.map(({ id }) => id);

test("what is known is replaced only by a later revision or a tombstone, in whatever order they come", () => {
  let known = merge([usable("1", { revision: 2 })], usable("1", { revision: 1, text: "older" }), true);
  assert.equal(known[0]?.revision, 2);
  known = merge(known, tombstone("1", "no"), false);
  known = merge(known, usable("1", { revision: 9 }), true);
  assert.equal(known[0]?.status, "killed");
  assert.deepEqual(ids(merge(known, usable("2"), false)), ["1"]);
});

test("the oldest beyond the limit are forgotten, but not what is shown", () => {
  const known = Array.from({ length: KEPT + 3 }, (_, n) => usable(String(KEPT + 2 - n).padStart(4, "0")));
  const kept = ids(prune(known, [usable("0001")]));
  assert.equal(kept.length, KEPT + 1);
  assert.deepEqual(kept.slice(-2), ["0003", "0001"]);
});

test("newest first, whatever the order of arrival", () => {
  const known = ["2", "3", "1"].reduce((pool, id) => merge(pool, usable(id), true), list());
  assert.deepEqual(ids(visible(known, options(), NaN, undefined)), ["3", "2", "1"]);
});

test("hold counts from filing by the log's time, to the millisecond; nothing shows while that is unknown", () => {
  const held = options({ hold: "30" });
  const known = list(usable("1"));
  const seen = (/** @type {number} */ now) => ids(visible(known, held, now, undefined));
  assert.deepEqual(seen(NaN), []);
  assert.deepEqual(seen(FILED + 29_999), []);
  assert.deepEqual(seen(FILED + 30_000), ["1"]);
});

test("what is killed during its delay never shows, not even as a tombstone; later it leaves one", () => {
  const held = options({ hold: "30" });
  const dead = (/** @type {number} */ after) => ({ ...tombstone("1", "no"), updated: new Date(FILED + after).toISOString() });
  assert.deepEqual(visible(list(dead(29_999)), held, FILED + 60_000, undefined), []);
  assert.deepEqual(ids(visible(list(dead(30_000)), held, FILED + 60_000, undefined)), ["1"]);
});

test("what is corrected during its delay shows corrected", () => {
  const known = merge([usable("1", { text: "wrong" })], usable("1", { text: "right", revision: 2 }), false);
  const [shown] = visible(known, options({ hold: "30" }), FILED + 30_000, undefined);
  assert.equal(shown?.status === "usable" && shown.text, "right");
});

test("a tombstone passes a filter only in the place of what was visible before", () => {
  const urgent = options({ "min-urgency": "urgent" });
  const known = [usable("3"), usable("2", { urgency: "flash" }), tombstone("1", "no")];
  assert.deepEqual(ids(visible(known, urgent, NaN, undefined)), ["2"]);
  assert.deepEqual(ids(visible(known, urgent, NaN, list(usable("1")))), ["2", "1"]);
  assert.deepEqual(ids(visible(known, options(), NaN, undefined)), ["3", "2", "1"]);
});

test("a line shows flash and bulletin, for 30 minutes, once the time is known", () => {
  const known = [usable("3", { urgency: "flash" }), usable("2", { urgency: "urgent" }), usable("1", { urgency: "bulletin" })];
  const seen = (/** @type {number} */ now) => ids(visible(known, options({ layout: "line" }), now, undefined));
  assert.deepEqual(seen(NaN), []);
  assert.deepEqual(seen(FILED + LINE - 1), ["3", "1"]);
  assert.deepEqual(seen(FILED + LINE), []);
});

test("followed, the pinned one comes first unless it was killed", () => {
  const all = [usable("3"), usable("2"), usable("1")];
  assert.deepEqual(ids(present([], all, list(), "follow", "1", false)), ["1", "3", "2"]);
  assert.deepEqual(ids(present([], [usable("2"), tombstone("1", "no")], list(), "follow", "1", false)), ["2", "1"]);
});

test("held, arrivals wait, while corrections and kills of what is shown apply in place", () => {
  const known = list(usable("3"), usable("2", { revision: 2, text: "right" }), tombstone("1", "no"));
  const held = present([usable("2"), usable("1")], known, known, "hold", null, false);
  assert.deepEqual(held, [usable("2", { revision: 2, text: "right" }), tombstone("1", "no")]);
});

test("paused, only kills apply, and what is no longer known is removed", () => {
  const known = list(usable("2", { revision: 2 }), tombstone("1", "no"));
  const shown = [usable("2"), usable("1"), usable("0")];
  assert.deepEqual(present(shown, [], known, "pause", null, false), [usable("2"), tombstone("1", "no")]);
});

test("while history is awaited, what is not known stays where it is", () => {
  const shown = [usable("2"), usable("1")];
  assert.deepEqual(ids(present(shown, [usable("3"), usable("2")], list(usable("3"), usable("2")), "follow", null, true)), ["3", "2", "1"]);
  assert.deepEqual(ids(present(shown, [usable("3"), usable("2")], list(usable("3"), usable("2")), "follow", null, false)), ["3", "2"]);
});
