import assert from "node:assert/strict";
import { after, test } from "node:test";
import { browser } from "../../../clients/feed/browser.js";

/** A window and a document, as far as the client uses them. */
const page = new EventTarget();
const scope = /** @type {any} */ (globalThis);
scope.addEventListener = page.addEventListener.bind(page);
scope.document = { hidden: false };
after(() => {
  delete scope.addEventListener;
  delete scope.document;
});

function listen() {
  /** @type {string[]} */
  const called = [];
  const names = /** @type {const} */ (["online", "offline", "pagehide", "pageshow", "visibilitychange"]);
  const listeners = Object.fromEntries(names.map((name) => [name, () => called.push(name)]));
  const stop = browser().events(/** @type {any} */ (listeners));
  return { called, names, stop };
}

test("each event of the page calls its listener, until it is stopped", () => {
  const { called, names, stop } = listen();
  for (const name of names) page.dispatchEvent(new Event(name));
  assert.deepEqual(called, [...names]);
  stop();
  for (const name of names) page.dispatchEvent(new Event(name));
  assert.equal(called.length, names.length);
});

test("a page that becomes hidden is no reader who is back; that it is left counts, hidden or not", () => {
  const { called, stop } = listen();
  scope.document.hidden = true;
  page.dispatchEvent(new Event("visibilitychange"));
  page.dispatchEvent(new Event("pagehide"));
  scope.document.hidden = false;
  page.dispatchEvent(new Event("visibilitychange"));
  assert.deepEqual(called, ["pagehide", "visibilitychange"]);
  stop();
});

test("the clock reads the wall clock first, then the monotonic one, in milliseconds", () => {
  const before = [Date.now(), performance.now()];
  const read = browser().clock();
  const after = [Date.now(), performance.now()];
  for (const clock of [0, 1]) {
    assert.ok(Number(before[clock]) <= Number(read[clock]) && Number(read[clock]) <= Number(after[clock]));
  }
});

test("timers run once, unless they are cleared", async () => {
  const { timers } = browser();
  /** @type {number[]} */
  const ran = [];
  timers.set(() => ran.push(1), 1);
  timers.clear(timers.set(() => ran.push(2), 1));
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(ran, [1]);
});
