/** Long-poll: the exact requests, and LIVE as honest as over a socket. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { follow } from "../../../clients/feed/follow.js";
import { filed, usable, snapshot } from "./frames.js";
import { settled, World } from "./world.js";

/** @import { Change, Options } from "../../../clients/feed/follow.js" */

const BASE = "https://ticker.example/news/v1/feeds/breaking";

/** @param {Partial<Options>} [more] */
function setUp(more = {}) {
  const world = new World();
  world.dice = [0];
  /** @type {Change[]} */
  const changes = [];
  const feed = follow({
    ...world.pollOnly, src: "https://ticker.example/news/", feed: "breaking", limit: 100,
    onchange: (change) => changes.push(change), ...more,
  });
  return { world, feed, changes };
}

/** The log's time. @param {World} world @param {number} [ago] in seconds */
const at = (world, ago = 0) => new Date(world.now.wall - ago * 1000).toISOString();

/** @param {World} world @param {any[]} frames @param {string} position @param {string | null} time */
const ok = (world, frames, position, time) => world.request.respond(200, { frames, position, at: time });

/** @param {World} world @param {string | null} time */
const quiet = (world, time) => world.request.respond(204, undefined, time ? { "Ticker-At": time } : {});

/** A page that is live by long-poll. @param {Partial<Options>} [more] */
async function live(more) {
  const all = setUp(more);
  await ok(all.world, [snapshot("1-a", [usable("a")])], "1-a", at(all.world));
  assert.equal(all.feed.status.name, "live");
  return all;
}

test("without any proof it asks for a snapshot at once, then waits at its position", async () => {
  const { world, feed } = await live();
  assert.deepEqual(world.requests.map(({ url }) => url), [`${BASE}/changes`, `${BASE}/changes?after=1-a&wait=10`]);
  assert.equal(world.requests[0]?.init.credentials, "omit");
  assert.equal(world.requests[0]?.init.cache, undefined, "so that HTTP caches may respond");
  await ok(world, [filed("2-b", usable("b")), filed("3-c", usable("c"))], "3-c", at(world));
  assert.deepEqual(feed.state.dispatches.map(({ id }) => id), ["c", "b", "a"]);
  assert.match(world.request.url, /after=3-c&wait=10$/);
});

test("a page that shows a snapshot has no proof either", () => {
  const { world } = setUp({ snapshot: snapshot("1-a", []) });
  assert.equal(world.request.url, `${BASE}/changes`);
});

test("the position is encoded", async () => {
  const { world } = setUp();
  await ok(world, [snapshot("1-a&b", [])], "1-a&b", at(world));
  assert.match(world.request.url, /after=1-a%26b&wait=10$/);
});

test("204 is a beat at the requested position, by its header", async () => {
  const { world, feed, changes } = await live();
  for (let i = 0; i < 6; i += 1) {
    world.pass(10_000);
    await quiet(world, at(world, 0.5));
    assert.equal(feed.status.name, "live");
  }
  assert.equal(changes.at(-1)?.frame?.type, "beat");
  assert.equal(changes.at(-1)?.watching, null, "how many watch is not known");
});

test("the same URL is never requested twice within a second", async () => {
  const { world } = await live();
  world.pass(300);
  await quiet(world, at(world));
  assert.equal(world.requests.length, 2);
  world.pass(699);
  assert.equal(world.requests.length, 2);
  world.pass(1);
  assert.equal(world.requests.length, 3);
  await world.request.fail();
  world.pass(900);
  assert.equal(world.requests.length, 3, "nor after a failure");
  world.pass(100);
  assert.equal(world.requests.length, 4);
});

test("a response at another position is followed up at once", async () => {
  const { world } = await live();
  await ok(world, [filed("2-b", usable("b"))], "2-b", at(world));
  assert.equal(world.requests.length, 3);
});

test("a response without a time proves nothing, but breaks the silence", async () => {
  const { world, feed } = setUp();
  await ok(world, [snapshot("1-a", [])], "1-a", null);
  assert.equal(feed.status.name, "catching-up");
  assert.match(world.request.url, /after=1-a&wait=10$/, "a node without proof is not sent one request for a snapshot after another");
  for (let i = 0; i < 3; i += 1) {
    world.pass(10_000);
    await quiet(world, null);
  }
  assert.equal(world.requests.length, 5);
  assert.equal(feed.status.name, "delayed");
});

test("a node that is delayed is believed", async () => {
  const { world, feed } = await live();
  world.pass(4_000);
  await ok(world, [{ type: "delayed", since: at(world, 1) }], "1-a", at(world, 1));
  assert.equal(feed.status.name, "delayed");
  world.pass(1_000);
  await quiet(world, at(world));
  assert.equal(feed.status.name, "live");
});

test("a cache that gives the same 204 for minutes makes nothing live", async () => {
  const { world, feed } = await live();
  const kept = at(world);
  for (let i = 0; i < 120; i += 1) {
    world.pass(1_000);
    await quiet(world, kept);
    if (i > 12) assert.equal(feed.status.name, "delayed");
  }
  world.pass(1_000);
  await quiet(world, at(world));
  assert.equal(feed.status.name, "live");
});

test("a snapshot that a cache kept for minutes is not live", async () => {
  const { world, feed } = setUp();
  await ok(world, [snapshot("1-a", [])], "1-a", at(world, 300));
  assert.equal(feed.status.name, "delayed");
  world.pass(1_000);
  await quiet(world, at(world, 300));
  assert.equal(feed.status.name, "delayed");
  await ok(world, [filed("2-b", usable("b"))], "2-b", at(world));
});

for (const hours of [-5, 5]) {
  test(`a wall clock wrong by ${hours} hours costs a poll, no more`, async () => {
    const { world, feed } = setUp();
    const wrong = hours * 3600;
    await ok(world, [snapshot("1-a", [])], "1-a", at(world, wrong));
    assert.equal(feed.status.name, "delayed");
    world.pass(10_000);
    await quiet(world, at(world, wrong));
    assert.equal(feed.status.name, "live");
    world.pass(10_000);
    await quiet(world, at(world, wrong));
    assert.equal(feed.status.name, "live");
  });
}

test("a wall clock set back in between makes no old proof young", async () => {
  const { world, feed } = await live();
  const kept = at(world);
  world.sleep(-3_600_000);
  world.pass(20_000);
  await settled();
  await quiet(world, kept);
  assert.notEqual(feed.status.name, "live");
});

test("a proxy that stalls is hung up on after thirteen seconds, and not live", async () => {
  const { world, feed } = await live();
  const stalled = world.request;
  world.pass(12_999);
  assert.equal(stalled.aborted, false);
  world.pass(2);
  await settled();
  assert.equal(stalled.aborted, true);
  assert.notEqual(feed.status.name, "live");
  assert.match(world.request.url, /after=1-a&wait=10$/);
  world.pass(8_000);
  await quiet(world, at(world, 8));
  assert.ok(feed.status.age >= 7, "a delay of eight seconds is reported: the clocks' difference is known");
});

test("frames of a request that was aborted are ignored", async () => {
  const { world, feed } = await live();
  const old = world.request;
  feed.sleep();
  await old.respond(200, { frames: [filed("2-b", usable("b"))], position: "2-b", at: at(world) });
  assert.equal(feed.state.position, "1-a");
  assert.equal(world.waiting, 0);
});

test("a page that is no feed is malformed: hung up, asked again", async () => {
  for (const body of ["<html>", "{}", '{"frames": 7}', '{"frames": [{"type": "dispatch"}], "position": "2-b"}', "null"]) {
    const { world, feed } = await live();
    await world.request.respond(200, body);
    assert.equal(feed.status.name, "catching-up", body);
    world.pass(1_000);
    assert.match(world.request.url, /after=1-a&wait=10$/);
    await world.request.respond(200, body);
    world.pass(1_000);
    assert.match(world.request.url, /changes$/, "from a snapshot after two");
  }
});

test("frames with a hole before the position are a gap", async () => {
  const { world, feed } = await live();
  await ok(world, [filed("2-b", usable("b"))], "3-c", at(world));
  assert.equal(feed.status.name, "catching-up");
  assert.equal(feed.state.position, "2-b");
});

test("Retry-After is honoured, by readers who come back too", async () => {
  for (const status of [403, 404, 429, 503]) {
    const { world } = await live();
    await world.request.respond(status, "{}", { "Retry-After": "7" });
    world.tell?.("visibilitychange");
    world.pass(6_900);
    assert.equal(world.requests.length, 2, `${status}`);
    world.pass(200);
    assert.equal(world.requests.length, 3);
  }
});

test("a Retry-After that is a date, or none, means the usual wait", async () => {
  const { world } = await live();
  await world.request.respond(503, "{}", { "Retry-After": "Wed, 11 Mar 2026 15:00:00 GMT" });
  world.pass(1_000);
  assert.equal(world.requests.length, 3);
  await world.request.respond(503, "{}");
  world.pass(1_000);
  assert.equal(world.requests.length, 4);
});

test("410 without a last frame: the final state is requested once, and nothing else", async () => {
  const { world, feed, changes } = await live();
  await world.request.respond(410, { type: "urn:ticker:problem:closed" });
  assert.equal(feed.status.name, "closed");
  world.pass(0);
  assert.equal(world.request.url, BASE);
  await world.request.respond(200, snapshot("2-b", [usable("b")], { closed: "2026-03-11T13:00:00Z" }));
  assert.equal(feed.status.name, "closed");
  assert.equal(changes.at(-1)?.frame?.type, "snapshot");
  assert.deepEqual(feed.state.dispatches.map(({ id }) => id), ["b"]);
  const before = world.requests.length;
  world.pass(59_000);
  assert.equal(world.requests.length, before);
});

test("the estimate of a wrong clock outlives a failed poll", async () => {
  const { world, feed } = setUp();
  await ok(world, [snapshot("1-a", [])], "1-a", at(world, 18_000));
  world.pass(10_000);
  await quiet(world, at(world, 18_000));
  assert.equal(feed.status.name, "live");
  await world.request.fail();
  world.pass(1_000);
  await quiet(world, at(world, 18_000));
  assert.equal(feed.status.name, "live");
});

test("after a frame that could not be shown, the rest of the response is ignored", async () => {
  const { world, feed } = await live({
    onchange: ({ frame }) => {
      if (frame?.type === "dispatch" && frame.dispatch.id === "b") throw new Error("no");
    },
  });
  await ok(world, [filed("2-b", usable("b")), filed("3-c", usable("c"))], "3-c", at(world));
  assert.deepEqual(feed.state.dispatches.map(({ id }) => id), ["a"]);
  assert.equal(feed.state.position, "1-a");
});

test("a response or a failure that comes after disconnecting is ignored, though nothing was aborted in time", async () => {
  const world = new World();
  const feed = follow({
    ...world.pollOnly, fetch: (url) => world.fetch(url, { credentials: "omit" }), src: "https://ticker.example", feed: "breaking",
    limit: 9, onchange: () => {},
  });
  const [old] = world.requests;
  world.tell?.("online");
  world.pass(1_000);
  assert.equal(world.requests.length, 2);
  await old?.respond(410, "{}");
  assert.notEqual(feed.status.name, "closed");
  const second = world.request;
  world.tell?.("online");
  world.pass(1_000);
  const before = world.waiting;
  await second.fail();
  assert.equal(world.waiting, before, "nothing waits to reconnect");
});

test("put to sleep while it keeps the pace, it asks nothing", async () => {
  const { world, feed } = await live();
  await quiet(world, at(world));
  feed.sleep();
  assert.equal(world.waiting, 0);
});
