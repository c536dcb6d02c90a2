import assert from "node:assert/strict";
import { test } from "node:test";
import { badge, wording } from "../../../clients/reader/badge.js";
import { broadcast } from "../../../clients/reader/broadcast.js";
import { element, open } from "./page.js";
import { words } from "./words.js";

open();

test("the badge shows its state, its word and how many watch", () => {
  const parts = { badge: element("p"), word: element("span"), count: element("p") };
  const lamp = badge(parts, words.en);
  lamp.show({ name: "live", age: 3 }, 10342, false);
  assert.deepEqual([parts.badge.dataset.state, parts.word.textContent, parts.count.textContent], ["live", "LIVE", "10,342 watching"]);
  lamp.show({ name: "delayed", age: 15 }, null, false);
  assert.deepEqual([parts.badge.dataset.state, parts.word.textContent, parts.count.textContent], ["delayed", "DELAYED 15 s", ""]);
  lamp.show({ name: "live", age: 0 }, 0, false);
  assert.equal(parts.count.textContent, "");
});

test("paused, it does not change", () => {
  const parts = { badge: element("p"), word: element("span"), count: element("p") };
  const lamp = badge(parts, words.en);
  lamp.show({ name: "live", age: 3 }, 7, false);
  lamp.show({ name: "live", age: 3 }, 8, true);
  assert.deepEqual([parts.badge.dataset.state, parts.word.textContent, parts.count.textContent], ["paused", "PAUSED", "7 watching"]);
});

test("the broadcast is linked while it is on air, and only to a web address", () => {
  const link = element("a");
  const { show } = broadcast(link, words.en);
  show({ on: true, label: null, url: "https://news.example/live" });
  assert.deepEqual([link.hidden, link.href, link.textContent], [false, "https://news.example/live", "Watch the broadcast"]);
  show({ on: true, label: "Channel 4", url: "https://news.example/live" });
  assert.equal(link.textContent, "Channel 4");
  for (const air of [{ on: false, url: "https://news.example/live" }, { on: true, url: null }, { on: true, url: "javascript:alert(1)" }]) {
    show(air);
    assert.equal(link.hidden, true);
  }
});

test("a page that doesn't tell how many follow has a badge all the same", () => {
  const parts = { badge: element("p"), word: element("span") };
  badge(parts, words.en).show({ name: "live", age: 0 }, 7, false);
  assert.equal(parts.word.textContent, "LIVE");
});

test("a closed feed is closed and a page to be reloaded says so, paused or not", () => {
  const parts = { badge: element("p"), word: element("span"), count: element("p", { textContent: "7 watching" }) };
  const lamp = badge(parts, words.en);
  const seen = () => [parts.badge.dataset.state, parts.word.textContent, parts.count.textContent];
  lamp.show({ name: "closed", age: 90 }, 7, true, "Closed 3 March 2026");
  assert.deepEqual(seen(), ["closed", "Closed 3 March 2026", ""]);
  lamp.show({ name: "catching-up", age: 3, reload: true }, 7, true);
  assert.deepEqual(seen(), ["reload", "Reload the page", ""]);
});

test("each state has a word of its own in each language", () => {
  for (const table of Object.values(words)) {
    const all = /** @type {const} */ (["live", "off-air", "catching-up", "connecting", "delayed"]).map((name) => wording(table, { name, age: 15 }, false, ""));
    assert.equal(new Set(all.filter(Boolean)).size, 5);
  }
});
