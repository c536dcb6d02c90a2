/** Sleep, wake, background tabs, the back-forward cache: no healthy connection is killed, and nothing dead is live. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { follow } from "../../../clients/feed/follow.js";
import { beat, filed, usable, snapshot } from "./frames.js";
import { World } from "./world.js";

/** @import { Following } from "../../../clients/feed/follow.js" */

function setUp(more = {}) {
  const world = new World();
  world.dice = [0];
  const feed = follow({ ...world.io, src: "https://ticker.example", feed: "breaking", limit: 100, onchange: () => {}, ...more });
  return { world, feed };
}

function live() {
  const all = setUp();
  all.world.socket.send(snapshot("1-a", []));
  prove(all.world);
  assert.equal(all.feed.status.name, "live");
  return all;
}

/** @param {World} world @param {number} [ago] seconds */
const prove = (world, ago = 0) => world.socket.send(beat("1-a", world.now.wall - ago * 1000));

test("a dead network is noticed within thirteen seconds", () => {
  const { world, feed } = live();
  world.pass(500);
  world.socket.send(beat("1-a", world.now.wall));
  world.pass(12_999);
  assert.equal(feed.status.name, "live");
  world.pass(2);
  assert.notEqual(feed.status.name, "live");
  assert.equal(world.sockets.length, 2);
});

test("a frame that lies in the socket when the overdue timer fires keeps the connection", () => {
  const { world, feed } = live();
  world.later(13_000, () => prove(world)); // due with the timer, and read after it
  world.pass(14_000);
  assert.equal(world.sockets.length, 1);
  assert.equal(feed.status.name, "live");
});

test("a timer that is late by a second or more gives the socket a second", () => {
  const { world, feed } = live();
  world.freeze(60_000);
  world.pass(0);
  assert.notEqual(feed.status.name, "live");
  world.pass(999);
  assert.equal(world.sockets.length, 1);
  prove(world);
  world.pass(5_000);
  assert.equal(world.sockets.length, 1);
  assert.equal(feed.status.name, "live");
});

test("without a frame in that second it reconnects, at once and from zero", () => {
  const { world } = live();
  world.dice = [0.999];
  world.freeze(60_000);
  world.pass(1_000);
  assert.equal(world.sockets.length, 2);
});

/** What brings a reader or a machine back, with what makes the client notice. @type {Record<string, (world: World, feed: Following) => void>} */
const returns = {
  "a machine that slept": (world) => (world.sleep(3_600_000), world.pass(1_000)),
  "a consumer that slept": (_, feed) => (feed.sleep(), feed.wake()),
  "a page from the back-forward cache": (world) => (world.tell?.("pagehide"), world.tell?.("pageshow")),
  "a network that is back": (world) => world.tell?.("online"),
  "a reader who is back": (world) => world.tell?.("visibilitychange"),
};
for (const [who, comesBack] of Object.entries(returns)) {
  test(`after many failures, ${who} reconnects at once, and attempts are counted from zero`, () => {
    const { world, feed } = setUp({ EventSource: undefined });
    world.dice = [0.999];
    for (let i = 0; i < 8; i += 1) {
      world.socket.drop();
      if (i < 7) world.pass(30_000);
    }
    world.pass(5_000);
    const before = world.sockets.length;
    comesBack(world, feed);
    assert.equal(world.sockets.length, before + 1, "at once");
    world.socket.drop();
    world.pass(500);
    assert.equal(world.sockets.length, before + 2, "half a second is the longest first wait");
  });
}

test("after many failures and a frozen minute without a frame, attempts are counted from zero", () => {
  const { world } = setUp({ EventSource: undefined });
  world.dice = [0.999];
  for (let i = 0; i < 8; i += 1) {
    world.socket.drop();
    world.pass(30_000);
  }
  world.socket.send(snapshot("1-a", []));
  const before = world.sockets.length;
  world.freeze(60_000);
  world.pass(1_000);
  assert.equal(world.sockets.length, before + 1);
  world.socket.drop();
  world.pass(500);
  assert.equal(world.sockets.length, before + 2);
});

test("after a short sleep it says catching up until proof, on the same connection", () => {
  const { world, feed } = live();
  world.sleep(5_000);
  world.pass(1_000);
  assert.equal(feed.status.name, "catching-up");
  world.pass(1_000);
  prove(world);
  assert.equal(feed.status.name, "live");
  assert.equal(world.sockets.length, 1);
});

test("what a tunnel kept for a sleeping machine is shown, but makes nothing live", () => {
  const { world, feed } = live();
  const slept = world.now.wall;
  world.sleep(3_600_000);
  world.socket.send(filed("2-b", usable("b")));
  assert.deepEqual(feed.state.dispatches.map(({ id }) => id), ["b"]);
  for (let i = 1; i <= 6; i += 1) {
    world.socket.send(beat("2-b", slept + i * 10_000));
    assert.equal(feed.status.name, "delayed");
  }
});

test("timers throttled to one a minute disturb no healthy connection", () => {
  const { world, feed } = live();
  for (let minute = 0; minute < 5; minute += 1) {
    for (let i = 0; i < 6; i += 1) {
      world.freeze(10_000);
      prove(world);
    }
    world.pass(0);
  }
  assert.equal(world.sockets.length, 1);
  assert.equal(feed.status.name, "live");
});

test("going to another tab and back asks nothing again while the path is fresh", () => {
  const { world } = live();
  for (let i = 0; i < 5; i += 1) {
    world.pass(9_000);
    prove(world);
    world.tell?.("visibilitychange");
  }
  assert.equal(world.sockets.length, 1);
});

test("a page that is left holds no place; back from the cache it needs new proof", () => {
  const { world, feed } = live();
  world.tell?.("pagehide");
  assert.equal(world.socket.closed, true);
  assert.equal(world.waiting, 0);
  assert.equal(feed.status.name, "catching-up");
  for (const name of /** @type {const} */ (["online", "offline", "visibilitychange"])) world.tell?.(name);
  world.pass(60_000);
  assert.equal(world.sockets.length, 1);
  world.tell?.("pageshow");
  assert.match(world.socket.url, /after=1-a$/);
  assert.equal(feed.status.name, "delayed");
  prove(world);
  assert.equal(feed.status.name, "live");
  world.tell?.("pageshow");
  assert.equal(world.sockets.length, 2, "a page that was never left is shown once more at its start");
});

test("asleep it has no connection and keeps its state; awake it resumes and needs proof", () => {
  const { world, feed } = live();
  feed.sleep();
  assert.equal(world.socket.closed, true);
  assert.equal(world.waiting, 0);
  world.tell?.("online");
  world.tell?.("pagehide");
  world.tell?.("pageshow");
  assert.equal(world.sockets.length, 1, "a page shown again is no reason to wake");
  assert.notEqual(feed.status.name, "live");
  feed.wake();
  feed.wake();
  assert.equal(world.sockets.length, 2);
  assert.match(world.socket.url, /after=1-a$/);
  assert.equal(feed.status.name, "catching-up");
  prove(world);
  assert.equal(feed.status.name, "live");
  world.pass(20_000);
  assert.ok(world.sockets.length > 2, "and it is looked after again");
});

test("closed for good, nothing wakes it", () => {
  const { world, feed } = live();
  feed.close();
  feed.wake();
  feed.sleep();
  feed.wake();
  feed.fault(new Error("late"));
  assert.equal(world.sockets.length, 1);
  assert.equal(world.waiting, 0);
  assert.equal(world.errors.length, 1);
});

test("offline withdraws LIVE until the next beat, and hangs up nothing", () => {
  const { world, feed } = live();
  world.tell?.("offline");
  assert.equal(feed.status.name, "catching-up");
  world.pass(5_000);
  assert.equal(world.sockets.length, 1);
  prove(world);
  assert.equal(feed.status.name, "live");
});

test("a page without frame or snapshot is connecting, for five seconds", () => {
  const { world, feed } = setUp();
  assert.equal(feed.status.name, "connecting");
  world.pass(4_999);
  assert.equal(feed.status.name, "connecting");
  world.pass(1_000);
  assert.equal(feed.status.name, "delayed");
  world.socket.send(snapshot("1-a", []));
  assert.equal(feed.status.name, "delayed");
});

test("the first snapshot ends connecting", () => {
  const { world, feed } = setUp();
  world.socket.send(snapshot("1-a", []));
  assert.equal(feed.status.name, "catching-up");
});

test("a service under a path is asked under that path", () => {
  for (const src of ["https://news.example/ticker", "https://news.example/ticker/"]) {
    const { world } = setUp({ src });
    assert.equal(world.socket.url, "wss://news.example/ticker/v1/feeds/breaking/live");
  }
});

test("a clock set forward by a little is learned within two beats", () => {
  const { world, feed } = live();
  world.sleep(5_000);
  world.pass(1_000);
  prove(world, 5);
  world.pass(10_000);
  prove(world, 5);
  assert.deepEqual([feed.status.name, feed.status.age, world.sockets.length], ["live", 0, 1]);
});

test("a consumer that closes while a frame is shown leaves nothing behind", () => {
  /** @type {{close?: () => void}} */
  const box = {};
  const { world, feed } = setUp({ onchange: (/** @type {any} */ { frame }) => frame?.type === "move" && box.close?.() });
  box.close = feed.close;
  world.socket.send(snapshot("1-a", []));
  world.socket.send({ type: "move", within: 1_000 });
  assert.equal(world.waiting, 0);
});
