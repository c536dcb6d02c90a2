import assert from "node:assert/strict";
import { test } from "node:test";

process.env.TZ = "Asia/Dubai";
const { ago, at, full, span } = await import("../../../clients/widget/times.js");

const NOW = Date.parse("2026-03-11T14:30:00Z");

test("relative for the first hour, then the hour, then the date", () => {
  assert.equal(ago("en", "2026-03-11T14:29:01Z", NOW), "now");
  assert.equal(ago("en", "2026-03-11T14:28:00Z", NOW), "2 min. ago");
  assert.equal(ago("en", "2026-03-11T13:30:01Z", NOW), "59 min. ago");
  assert.equal(ago("en", "2026-03-11T13:30:00Z", NOW), "17:30");
  assert.match(ago("en", "2026-03-10T13:30:00Z", NOW), /10.*17:30/);
  assert.equal(ago("en", "2026-03-11T14:30:20Z", NOW), "now");
});

test("in Arabic and Spanish, with Latin digits and their own plurals", () => {
  assert.equal(ago("ar", "2026-03-11T14:28:00Z", NOW), "قبل دقيقتين");
  assert.equal(ago("ar", "2026-03-11T14:19:00Z", NOW), "قبل 11 دقيقة");
  assert.equal(ago("es", "2026-03-11T14:19:00Z", NOW), "hace 11 min");
});

test("nothing is relative to a time that is not known", () => {
  assert.match(ago("en", "2026-03-11T14:28:00Z", NaN), /18:28/);
});

test("the hour alone only on the reader's same day", () => {
  assert.equal(at("en", "2026-03-11T19:59:00Z", NOW), "23:59");
  assert.match(at("en", "2026-03-11T20:00:00Z", NOW), /Mar 12.*00:00/);
});

test("the whole truth in the title, and ages in a unit", () => {
  assert.match(full("en", "2026-03-11T14:28:07Z"), /Wednesday, March 11, 2026.*18:28:07 GMT\+4/);
  assert.equal(span("en", 14), "14 sec");
  assert.equal(span("en", 119), "119 sec");
  assert.equal(span("en", 120), "2 min");
  assert.equal(span("ar", 14), "14 ث");
});
