import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Malformed, read, TYPES } from "../../../clients/feed/read.js";

const golden = JSON.parse(readFileSync(new URL("../../golden/frames.json", import.meta.url), "utf8"));

for (const { name, frame } of golden) {
  test(`reads a frame: ${name}`, () => assert.deepEqual(read(JSON.stringify(frame)), frame));
}

test("every type has a golden frame", () => {
  const seen = new Set(golden.map((/** @type {any} */ { frame }) => frame.type));
  assert.deepEqual(TYPES.filter((type) => !seen.has(type)), []);
});

test("a type of tomorrow is no frame, and no fault", () => {
  assert.equal(read('{"type":"weather"}'), null);
  assert.equal(read('{"type":"constructor"}'), null);
  assert.equal(read('{"type":"weather","position":7}'), null);
});

test("an entry of tomorrow is a frame of which the position counts", () => {
  const frame = { type: "weather", position: "9-a" };
  assert.deepEqual(read(JSON.stringify(frame)), frame);
});

const optional = new Set(["snapshot.at", "reset", "watching", "since", "pinned", "pinned_dispatch"]);
for (const { name, frame } of golden) {
  for (const field of Object.keys(frame).filter((field) => !optional.has(field) && !optional.has(`${frame.type}.${field}`))) {
    test(`refuses ${name} without ${field}`, () => {
      const { [field]: _, ...rest } = frame;
      assert.throws(() => read(JSON.stringify(rest)), Malformed);
    });
  }
}

const good = { id: "a", status: "usable", text: "x", filed: "2026-03-11T14:00:00Z", updated: "2026-03-11T14:00:00Z", revision: 1 };
const faults = {
  "not JSON": "<html>",
  "nothing": "",
  "null": "null",
  "a number": "7",
  "a list": "[]",
  "a cut frame": '{"type":"beat","posit',
  "a type that is no text": '{"type":7}',
  "an empty position": { type: "pin", position: "", id: null },
  "a dispatch without text": { type: "dispatch", position: "1-a", dispatch: { ...good, text: undefined } },
  "a dispatch without status": { type: "dispatch", position: "1-a", dispatch: { ...good, status: "draft" } },
  "a dispatch filed at no time": { type: "dispatch", position: "1-a", dispatch: { ...good, filed: "yesterday" } },
  "a tombstone without reason": { type: "dispatch", position: "1-a", dispatch: { ...good, status: "killed" } },
  "a bad dispatch in a snapshot": { type: "snapshot", feed: "f", position: "1-a", air: { on: true }, dispatches: [good, null] },
  "a bad pinned dispatch beside a snapshot": {
    type: "snapshot", feed: "f", position: "1-a", air: { on: true }, pinned: "a", dispatches: [], pinned_dispatch: { ...good, text: 7 },
  },
  "a beat at no time": { type: "beat", position: "1-a", at: "soon" },
  "a move within no time": { type: "move", within: "soon" },
};
for (const [name, fault] of Object.entries(faults)) {
  test(`refuses ${name}`, () => {
    assert.throws(() => read(typeof fault === "string" ? fault : JSON.stringify(fault)), Malformed);
  });
}

test("refuses what is not text", () => assert.throws(() => read(new ArrayBuffer(8)), Malformed));
