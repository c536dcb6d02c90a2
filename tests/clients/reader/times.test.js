import assert from "node:assert/strict";
import { test } from "node:test";
import { times } from "../../../clients/reader/times.js";
import { element } from "./page.js";
import { words } from "./words.js";

const NOW = Date.parse("2026-03-11T23:30:00Z");
const madrid = times(words.en, () => NOW, "Europe/Madrid");
/** @param {number} minutes */
const before = (minutes) => new Date(NOW - minutes * 60_000).toISOString();

test("first it is now, then minutes", () => {
  assert.deepEqual([0, 0.7, 0.8, 1, 2.9, 59].map((minutes) => madrid.ago(before(minutes))), ["now", "now", "1 min", "1 min", "2 min", "59 min"]);
});

test("a dispatch from a clock slightly ahead is now, too", () => assert.equal(madrid.ago(before(-1)), "now"));

test("after an hour it is the hour, in the reader's zone, and the day when it was another day there", () => {
  assert.equal(times(words.en, () => NOW, "Asia/Tokyo").ago(before(61)), "07:29");
  assert.match(madrid.ago(before(61)), /11.*23:29/, "past midnight in Madrid, the dispatch is yesterday's");
  assert.equal(times(words.en, () => NOW, "UTC").hour(before(1)), "23:29");
});

test("the year is said when it was another one there", () => {
  const tokyo = times(words.en, () => NOW, "Asia/Tokyo");
  assert.match(tokyo.ago("2025-03-11T13:05:00Z"), /Mar.*2025.*22:05/);
  assert.match(tokyo.hour("2025-12-31T14:59:00Z"), /2025/);
  assert.doesNotMatch(tokyo.hour("2025-12-31T15:01:00Z"), /202/, "in Tokyo it was 2026");
  assert.match(times(words.ar, () => NOW, "UTC").hour("2024-03-11T13:05:00Z"), /2024/);
});

test("the whole truth has the day, the second and the zone", () => {
  const full = madrid.full("2026-03-11T13:05:09.000Z");
  for (const part of ["Wednesday", "March", "2026", "14:05:09", /CET|GMT\+1/]) assert.match(full, new RegExp(part));
});

test("Arabic times are in Arabic words and Latin digits", () => {
  assert.equal(times(words.ar, () => NOW, "UTC").ago(before(2)), "2 د");
  assert.match(times(words.ar, () => NOW, "UTC").full(before(0)), /مارس.*2026/);
});

test("painting brings each time up to date, in the way it is meant", () => {
  const root = element("div");
  const ago = element("time", { dateTime: before(2), dataset: { as: "ago" } });
  const hour = element("time", { dateTime: before(2), dataset: { as: "hour" } });
  root.append(ago, hour);
  times(words.en, () => NOW, "UTC").paint(root);
  assert.deepEqual([ago.textContent, hour.textContent], ["2 min", "23:28"]);
  assert.match(ago.title, /23:28:00/);
});
