import assert from "node:assert/strict";
import { test } from "node:test";
import { draw, edition } from "../../../clients/reader/draw.js";
import { usable, tombstone } from "../feed/frames.js";
import { element, open } from "./page.js";
import { words } from "./words.js";

/** @import { Dispatch } from "../../../clients/feed/frames.d.ts" */

open();

/** @param {Dispatch} dispatch @param {Partial<{pinned: boolean, language: "en" | "ar"}>} [more] */
function drawn(dispatch, { pinned = false, language = "en" } = {}) {
  const item = element("li");
  const direction = words[language].direction;
  draw(item, dispatch, pinned, { words: words[language], feed: "breaking", language, direction });
  return item;
}

test("the source comes before the text, bold and with a colon", () => {
  const text = drawn(usable("a", { source: "Civil Defence spokesman", text: "Bridge closed" })).querySelector(".text");
  assert.equal(text.textContent, "Civil Defence spokesman: Bridge closed");
  assert.equal(text.querySelector(".source").tag, "b");
});

test("without a source there is the text alone", () => {
  assert.equal(drawn(usable("a", { text: "Bridge closed" })).querySelector(".text").textContent, "Bridge closed");
});

test("markup in a dispatch is text", () => {
  const text = "<img src=x onerror=alert(1)>";
  const item = drawn(usable("a", { text, source: text, byline: text, note: text, revision: 2, sections: [text], places: [text] }));
  assert.equal(item.textContent.split(text).length - 1, 6);
  assert.deepEqual(item.querySelectorAll("img"), []);
});

for (const [urgency, word] of [["flash", "FLASH"], ["bulletin", "BULLETIN"], ["urgent", "URGENT"], ["normal", undefined]]) {
  test(`${urgency} is named by ${word ?? "no"} word`, () => {
    const item = drawn(usable("a", { urgency: /** @type {"flash"} */ (urgency) }));
    assert.equal(item.querySelector(".urgency")?.textContent, word);
    assert.ok(item.className.split(" ").includes(urgency ?? ""));
  });
}

test("a dispatch carries its own language and direction, and the page's words inside it theirs", () => {
  const item = drawn(usable("a", { language: "ar", urgency: "urgent" }));
  assert.deepEqual([item.lang, item.dir], ["ar", "rtl"]);
  const mark = item.querySelector(".urgency");
  assert.deepEqual([mark.lang, mark.dir], ["en", "ltr"]);
  assert.equal(item.querySelector("time").dir, "ltr", "or it would read “min 25”");
  assert.equal(drawn(usable("a", { urgency: "urgent" })).querySelector(".urgency").lang, "");
});

test("a tombstone carries the feed's", () => {
  const item = drawn(tombstone("a", "سحب المصدر تصريحه"), { language: "ar" });
  assert.deepEqual([item.lang, item.dir], ["ar", "rtl"]);
  assert.equal(item.textContent, "سُحب الساعة . السبب: سحب المصدر تصريحه");
});

test("a source is read in the dispatch's direction even when it begins in another script", () => {
  const item = drawn(usable("a", { language: "ar", source: "Reuters نقلا عن الميناء" }));
  assert.equal(item.querySelector("bdi").dir, "rtl");
});

test("a corrected dispatch says when, and why if that was said", () => {
  const bare = drawn(usable("a", { revision: 2, updated: "2026-03-11T14:20:00Z" })).querySelector(".corrected");
  assert.equal(bare.querySelector("time").dateTime, "2026-03-11T14:20:00Z");
  assert.equal(bare.textContent, "Corrected ");
  const noted = drawn(usable("a", { revision: 3, note: "18:00, not 16:00" })).querySelector(".corrected");
  assert.equal(noted.textContent, "Corrected : 18:00, not 16:00");
  assert.equal(drawn(usable("a")).querySelector(".corrected"), null);
});

test("byline, dateline, places, sections, the event's hour and the story come below", () => {
  const item = drawn(usable("a", {
    byline: "Lena Ortiz", dateline: "Fishmarket Quay", places: ["Port Marada"], sections: ["Transport"], occurred: "2026-03-11T13:00:00Z",
    story: "marada-bridge", link: "https://news.example/a",
  }));
  const about = item.querySelector(".about").children.map((/** @type {any} */ { textContent }) => textContent);
  assert.deepEqual(about, ["Lena Ortiz", "Fishmarket Quay", "Happened at ", "Port Marada", "Transport", "This story", "Full story"]);
  assert.equal(drawn(usable("a")).querySelector(".about"), null);
});

test("a dispatch of a story links to its page, except on that page", () => {
  const dispatch = usable("a", { story: "marada-bridge" });
  const onward = drawn(dispatch).querySelector(".onward");
  assert.deepEqual([onward.textContent, onward.href], ["This story", "/feeds/breaking/stories/marada-bridge"]);
  assert.deepEqual([drawn({ ...dispatch, language: "ar" }).querySelector(".onward").dir], ["ltr"], "the page's words, not the dispatch's");
  const item = element("li");
  draw(item, dispatch, false, { words: words.en, feed: "breaking", language: "en", direction: "ltr", story: "marada-bridge" });
  assert.equal(item.querySelector(".about"), null);
});

test("a link that is no web address is not drawn", () => {
  assert.equal(drawn(usable("a", { link: "javascript:alert(1)" })).querySelector(".onward"), null);
});

test("the hour links to the dispatch's own page", () => {
  assert.equal(drawn(usable("01A")).querySelector("a").href, "/feeds/breaking/01A");
});

test("an edition changes with all that a dispatch's looks depend on", () => {
  const editions = [
    edition(usable("a"), false), edition(usable("a"), true), edition(usable("a", { revision: 2 }), false), edition(tombstone("a", "x"), false),
  ];
  assert.equal(new Set(editions).size, editions.length);
  assert.equal(edition(usable("a"), false), "usable-1", "as the template writes it");
});

test("urgency decides the size, and length takes it back", () => {
  const flash = (/** @type {string} */ text, source = "") => drawn(usable("a", { urgency: "flash", text, source })).className;
  assert.equal(flash("x".repeat(99)), "dispatch flash");
  assert.equal(flash("x".repeat(100)), "dispatch flash medium");
  assert.equal(flash("x".repeat(90), "Harbour police"), "dispatch flash medium", "the source counts");
  assert.equal(flash("\u{1F6A2}".repeat(99)), "dispatch flash", "characters, not UTF-16 units");
  assert.equal(flash("x".repeat(220)), "dispatch flash long");
  assert.equal(drawn(usable("a", { text: "x" }), { pinned: true }).className, "dispatch normal pinned");
});
