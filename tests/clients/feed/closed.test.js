import assert from "node:assert/strict";
import { test } from "node:test";
import { follow } from "../../../clients/feed/follow.js";
import { beat, usable, snapshot } from "./frames.js";
import { settled, World } from "./world.js";

const CLOSED = { closed: "2026-03-11T13:00:00.000Z" };

function setUp(more = {}) {
  const world = new World();
  world.dice = [0.5];
  /** @type {string[]} */
  const states = [];
  const feed = follow({
    ...world.io, fetch: world.fetch, src: "https://ticker.example", feed: "breaking", limit: 100,
    onchange: () => {}, onstate: ({ name }) => states.push(name), ...more,
  });
  return { world, feed, states };
}

test("a snapshot that says closed ends the connection, and the close that follows does not reconnect", async () => {
  const { world, feed, states } = setUp();
  world.socket.send(snapshot("1-a", [usable("a")]));
  world.socket.send(beat("1-a", world.now.wall));
  world.socket.send(snapshot("2-b", [usable("a")], CLOSED));
  assert.equal(feed.status.name, "closed");
  assert.equal(world.socket.closed, true);
  world.socket.drop();
  world.tell?.("online");
  world.tell?.("visibilitychange");
  world.pass(89_000);
  await settled();
  assert.deepEqual([world.sockets.length, world.requests.length], [1, 0]);
  assert.equal(states.at(-1), "closed");
});

test("once in a while it asks if the feed was reopened, and follows it again then", async () => {
  const { world, feed } = setUp({ snapshot: snapshot("1-a", [], CLOSED) });
  assert.equal(feed.status.name, "closed");
  assert.equal(world.sockets.length, 0);
  world.pass(90_000);
  assert.equal(world.request.url, "https://ticker.example/v1/feeds/breaking");
  await world.request.respond(200, snapshot("1-a", [], CLOSED));
  world.pass(90_000);
  await world.request.fail();
  world.pass(90_000);
  await world.request.respond(404, {});
  world.pass(90_000);
  assert.equal(world.requests.length, 4);
  assert.equal(world.sockets.length, 0);
  await world.request.respond(200, snapshot("2-b", [usable("a")]));
  assert.notEqual(feed.status.name, "closed");
  assert.notEqual(feed.status.name, "live", "a snapshot proves nothing");
  assert.match(world.socket.url, /after=2-b$/);
  world.socket.send(beat("2-b", world.now.wall));
  assert.equal(feed.status.name, "live");
  world.pass(14_000);
  assert.equal(world.sockets.length, 2, "and looks after it again");
});

test("asleep it asks nothing, closed neither", async () => {
  const { world, feed } = setUp({ snapshot: snapshot("1-a", [], CLOSED) });
  world.pass(90_000);
  feed.sleep();
  await world.request.respond(200, snapshot("2-b", []));
  assert.equal(feed.state.position, "1-a");
  world.pass(500_000);
  assert.equal(world.requests.length, 1);
  assert.equal(feed.status.name, "closed");
  feed.wake();
  world.pass(90_000);
  assert.equal(world.requests.length, 2);
  feed.close();
  assert.equal(world.waiting, 0);
});

test("reopened, a transport that never worked has no more than its chances", async () => {
  const { world } = setUp({ snapshot: snapshot("1-a", [], CLOSED) });
  world.pass(90_000);
  await world.request.respond(200, snapshot("2-b", []));
  for (let i = 0; i < 2; i += 1) {
    world.socket.drop();
    world.pass(2_000);
  }
  assert.equal(world.streams.length, 1);
});
