import assert from "node:assert/strict";
import { test } from "node:test";
import { announcer } from "../../../clients/reader/announce.js";
import { empty, fold } from "../../../clients/feed/fold.js";
import { filed, kill, usable, snapshot } from "../feed/frames.js";
import { element, open } from "./page.js";
import { World } from "../feed/world.js";
import { words } from "./words.js";

/** @import { Frame } from "../../../clients/feed/frames.d.ts" */

open();

function setUp() {
  const world = new World();
  const polite = element("div");
  const alert = element("div");
  const voice = announcer({ polite, alert }, words.en, world.io.timers, (iso) => iso.slice(11, 16));
  let state = fold(empty("breaking"), snapshot("1-a", [usable("a")]), { limit: 100 });
  /** @param {...Frame} frames */
  const announce = (...frames) => {
    for (const frame of frames) {
      voice.announce(frame, state);
      state = fold(state, frame, { limit: 100 });
    }
    world.pass(1000);
  };
  return { polite, alert, announce, voice, world };
}

const said = (/** @type {any} */ region) => region.children.map((/** @type {any} */ { textContent }) => textContent);

test("a new dispatch is said politely, source first", () => {
  const { polite, alert, announce } = setUp();
  announce(filed("2-b", usable("b", { source: "Port authority", text: "No casualties" })));
  assert.deepEqual(said(polite), ["Port authority: No casualties"]);
  assert.deepEqual(said(alert), []);
});

test("it is said in its own language", () => {
  const { polite, announce } = setUp();
  announce(filed("2-b", usable("b", { language: "ar" })));
  assert.deepEqual([polite.children[0].lang, polite.children[0].dir], ["ar", "rtl"]);
});

test("a flash is an alert", () => {
  const { polite, alert, announce } = setUp();
  announce(filed("2-b", usable("b", { urgency: "flash", text: "Bridge closed" })));
  assert.deepEqual(said(alert), ["FLASH. Bridge closed"]);
  assert.deepEqual(said(polite), []);
});

test("a kill is an alert, and takes back what was said or was about to be", () => {
  const { polite, alert, announce } = setUp();
  announce(filed("2-b", usable("b")));
  assert.equal(said(polite).length, 1);
  announce(kill("3-c", "b", "not true"));
  assert.deepEqual(said(alert), ["Withdrawn at 14:00. Reason: not true"]);
  assert.deepEqual(said(polite), []);
  announce(filed("4-d", usable("c")), kill("5-e", "c", "nor this"));
  assert.deepEqual(said(polite), []);
  assert.deepEqual(said(alert), ["Withdrawn at 14:00. Reason: nor this"]);
});

test("a kill takes back what was said of a dispatch that has left the list since", () => {
  const { alert, announce, voice, world } = setUp();
  announce(filed("2-b", usable("b", { urgency: "flash" })));
  assert.equal(said(alert).length, 1);
  voice.announce(kill("3-c", "b", "not true"), fold(empty("breaking"), snapshot("2-b", [usable("c")]), { limit: 100 }));
  world.pass(1000);
  assert.deepEqual(said(alert), []);
});

test("a snapshot takes back what was said before it, and what was about to be said and does not stand in it", () => {
  const { polite, alert, announce, voice, world } = setUp();
  announce(filed("2-b", usable("b", { urgency: "flash" })));
  assert.equal(said(alert).length, 1);
  voice.outlast(snapshot("9-f", [usable("a")], { reset: true }));
  assert.deepEqual(said(alert), []);
  for (const id of ["c", "d"]) voice.announce(filed("10-f", usable(id)), empty("breaking"));
  voice.announce(kill("11-f", "a", "not true"), fold(empty("breaking"), snapshot("9-f", [usable("a")]), { limit: 100 }));
  voice.outlast(snapshot("20-f", [usable("c")]));
  world.pass(1000);
  assert.deepEqual(said(polite), ["text of c"]);
  assert.deepEqual(said(alert), ["Withdrawn at 14:00. Reason: not true"]);
});

test("the kill of a pinned dispatch older than the list is an alert too", () => {
  const { alert, announce } = setUp();
  announce(snapshot("2-b", [usable("b")], { pinned: "a", pinned_dispatch: usable("a") }), kill("3-c", "a", "not true"));
  assert.deepEqual(said(alert), ["Withdrawn at 14:00. Reason: not true"]);
});

test("a kill of what was never shown, or was killed before, is not said", () => {
  const { alert, announce } = setUp();
  announce(kill("2-b", "zz"));
  assert.deepEqual(said(alert), []);
});

test("a correction is not said as new, nor is a dispatch that is older than the newest", () => {
  const { polite, announce } = setUp();
  announce(filed("2-b", usable("a", { revision: 2 })), { type: "pin", position: "3-c", id: "a" });
  assert.deepEqual(said(polite), []);
});

test("a few that come together are said together, more are counted", () => {
  const few = setUp();
  few.announce(...["b", "c", "d"].map((id) => filed("2-b", usable(id))));
  assert.deepEqual(said(few.polite), ["text of b", "text of c", "text of d"]);
  const many = setUp();
  many.announce(...["b", "c", "d", "e"].map((id) => filed("2-b", usable(id))));
  assert.deepEqual(said(many.polite), ["4 new updates"]);
});

test("of a snapshot only what is new is said", () => {
  const { polite, announce } = setUp();
  announce(snapshot("9-f", [usable("c"), usable("b"), usable("a")]));
  assert.deepEqual(said(polite), ["text of b", "text of c"]);
});

test("silenced, it says nothing, not even what it was about to", () => {
  const { polite, voice, world } = setUp();
  voice.announce(filed("2-b", usable("b")), empty("breaking"));
  voice.silence();
  world.pass(1000);
  assert.deepEqual(said(polite), []);
});

/** @param {"live" | "off-air" | "catching-up" | "delayed" | "closed" | "connecting"} name */
const status = (name, age = 0) => ({ name, age });

test("that updates are late, and that they arrive again, is said once each", () => {
  const { polite, voice, world } = setUp();
  /** @type {string[]} */
  const utterances = [];
  const listen = () => {
    world.pass(1000);
    const now = said(polite).join();
    if (now !== utterances[utterances.length - 1]) utterances.push(now);
  };
  for (const name of /** @type {const} */ (["connecting", "catching-up", "live"])) voice.status(status(name)), listen();
  assert.deepEqual(utterances, [""], "a page that comes up says nothing");
  for (let age = 13; age < 40; age += 1) voice.status(status("delayed", age)), listen();
  voice.status(status("catching-up")), listen();
  for (const name of /** @type {const} */ (["live", "live", "off-air"])) voice.status(status(name)), listen();
  assert.deepEqual(utterances, ["", "Updates are delayed.", "Updates are arriving again."]);
});

test("what is over before it could be said is not said, nor is anything a paused reader missed", () => {
  const { polite, voice, world } = setUp();
  voice.status(status("delayed", 14));
  voice.status(status("live"));
  world.pass(1000);
  assert.deepEqual(said(polite), []);
  voice.status(status("delayed", 14));
  voice.silence();
  world.pass(1000);
  assert.deepEqual(said(polite), []);
  voice.status(status("closed"));
  world.pass(1000);
  assert.deepEqual(said(polite), ["This feed is closed."]);
});
