import assert from "node:assert/strict";
import { test } from "node:test";
import { holdTime, latinDigits, oneLine, understand } from "../../../clients/desk/commands.js";
import { formOf } from "../../../clients/desk/draft.js";

const NOW = new Date(2026, 2, 11, 14, 0, 0).getTime();
const KNOWN = { commands: { flash: ["عاجل_جدا"], bulletin: [], urgent: ["urgente"], hold: ["احجز"] }, sources: ["Harbour police", "Harbour"], now: NOW };
/** @param {string} typed */
const read = (typed) => understand(typed, KNOWN);
/** @param {number} hour @param {number} [day] @param {number} [minute] */
const at = (hour, day = 11, minute = 0) => new Date(2026, 2, day, hour, minute).getTime();

test("text without commands is text", () => {
  assert.deepEqual(read("  Bridge closed: 2 hurt @ noon #3 /flash "), { text: "Bridge closed: 2 hurt @ noon #3 /flash", sections: [] });
});

test("an urgency, in any case and in the page's words", () => {
  assert.deepEqual([read("/flash Fire").urgency, read("/URGENT Fire").urgency, read("/urgente Fuego").urgency, read("/عاجل_جدا حريق").urgency],
    ["flash", "urgent", "urgent", "flash"]);
  assert.equal(read("/flash Fire").text, "Fire");
});

test("several, in any order, until the text begins", () => {
  assert.deepEqual(read('/bulletin @harbour police #Transport #Local_news /hold 18:00 Bridge closed #now'), {
    text: "Bridge closed #now", urgency: "bulletin", source: "Harbour police", sections: ["Transport", "Local news"], holdUntil: at(18),
  });
});

test("a source is one that is known, in quotes, or one word", () => {
  assert.deepEqual([read("@Harbour police: Closed"), read("@harbour Closed"), read('@"Civil Defence" Closed'), read("@Mayor: Closed"), read("@Port_authority Closed"), read("@harbourmaster Closed")]
    .map(({ source, text }) => [source, text]), [
    ["Harbour police", "Closed"], ["Harbour", "Closed"], ["Civil Defence", "Closed"], ["Mayor", "Closed"], ["Port authority", "Closed"], ["harbourmaster", "Closed"],
  ]);
  assert.deepEqual(read("@ noon"), { text: "@ noon", sections: [] });
});

test("a command that is not known is a fault, and so is a time that is none", () => {
  assert.deepEqual(read("/flasch Fire").fault, { command: "/flasch", why: "unknown" });
  assert.deepEqual(read("/hold soon Fire").fault, { command: "/hold soon", why: "time" });
  assert.deepEqual(read("/hold").fault, { command: "/hold", why: "time" });
  assert.deepEqual(read("/urgent /flasch Fire"), { text: "/flasch Fire", urgency: "urgent", sections: [], fault: { command: "/flasch", why: "unknown" } });
});

test("two slashes are a text that begins with one", () => {
  assert.deepEqual(read("//etc is full"), { text: "/etc is full", sections: [] });
  assert.deepEqual(read("/flash //etc is full"), { text: "/etc is full", urgency: "flash", sections: [] });
  assert.deepEqual(read("/"), { text: "/", sections: [] });
});

test("what does not show, such as a mark of direction, makes no text of a command", () => {
  assert.deepEqual(read("\u200f/flash\u200f \u200e@Mayor\u200b \u061c#Transport حريق"), { text: "حريق", urgency: "flash", source: "Mayor", sections: ["Transport"] });
  assert.equal(read("/hold \u200f١٨:٠٠\u200f حريق").holdUntil, at(18));
  assert.deepEqual(read("/flash \u200fحريق").text, "\u200fحريق"); // of a text it is a part
  const text = "\u200f/etc is full";
  assert.deepEqual(read(formOf({ text }).text), { text, sections: [] });
});

test("a number after # is a number", () => assert.equal(read("#1 hit").text, "#1 hit"));

test("a time is the next one, today or tomorrow, by this machine's clock", () => {
  assert.deepEqual([holdTime("18:00", NOW), holdTime("9:30", NOW), holdTime("14:00", NOW), holdTime("١٨:٠٥", NOW)], [at(18), at(9, 12, 30), at(14, 12), at(18, 11, 5)]);
  assert.deepEqual([holdTime("30m", NOW), holdTime("2h", NOW), holdTime("٣٠د", NOW)], [NOW + 1_800_000, NOW + 7_200_000, NOW + 1_800_000]);
  assert.deepEqual(["24:00", "18:60", "18", "", "0m"].map((when) => holdTime(when, NOW)), [null, null, null, null, null]);
});

test("line breaks become spaces, and digits Latin ones", () => {
  assert.equal(oneLine("Bridge\n  closed\r\nnow\t!"), "Bridge closed now !");
  assert.equal(latinDigits("٠١٩ ۴۵"), "019 45");
});
