import assert from "node:assert/strict";
import { test } from "node:test";
import { follow } from "../../../clients/feed/follow.js";
import { beat, filed, kill, usable, snapshot } from "./frames.js";
import { World } from "./world.js";

/** @import { Change } from "../../../clients/feed/follow.js" */

function setUp(more = {}) {
  const world = new World();
  /** @type {Change[]} */
  const changes = [];
  const feed = follow({
    ...world.io, src: "https://ticker.example", feed: "breaking", limit: 100, onchange: (change) => changes.push(change), ...more,
  });
  return { world, changes, feed };
}

test("it follows a feed from nothing", () => {
  const { world, changes, feed } = setUp();
  assert.equal(world.socket.url, "wss://ticker.example/v1/feeds/breaking/live");
  world.socket.send(snapshot("1-a", [usable("a")]));
  world.socket.send(beat("1-a", world.now.wall));
  world.socket.send(filed("2-b", usable("b")));
  assert.deepEqual(feed.state.dispatches.map(({ id }) => id), ["b", "a"]);
  const change = changes.at(-1);
  assert.equal(change?.frame?.type, "dispatch");
  assert.deepEqual(change?.previous.dispatches.map(({ id }) => id), ["a"]);
  assert.equal(change?.status.name, "live");
  assert.equal(change?.watching, 7);
});

test("it goes on from what the page already shows", () => {
  const { world, feed } = setUp({ snapshot: snapshot("41-a", [usable("a")]) });
  assert.match(world.socket.url, /after=41-a$/);
  assert.equal(feed.state.dispatches.length, 1);
  assert.equal(feed.status.name, "catching-up");
});

test("the status is reported when it changes, and the age each second", () => {
  const { world, changes, feed } = setUp({ snapshot: snapshot("1-a", []) });
  world.socket.send(beat("1-a", world.now.wall));
  world.pass(12_000);
  assert.equal(feed.status.name, "live");
  world.pass(4_000);
  const reported = changes.map(({ status }) => `${status.name} ${status.age}`);
  assert.deepEqual(reported.filter((word) => word.startsWith("delayed")), ["delayed 13", "delayed 14", "delayed 15", "delayed 16"]);
  assert.equal(changes.at(-1)?.watching, null, "how many watch is no longer known");
});

test("a lost connection is reported at once", () => {
  const { world, changes } = setUp({ snapshot: snapshot("1-a", []) });
  world.socket.send(beat("1-a", world.now.wall));
  world.socket.drop();
  assert.equal(changes.at(-1)?.status.name, "catching-up");
  assert.equal(changes.at(-1)?.frame, null);
});

test("off the air it says so", () => {
  const { world, changes } = setUp({ snapshot: snapshot("1-a", []) });
  world.socket.send(beat("1-a", world.now.wall));
  world.socket.send({ type: "air", position: "2-b", air: { on: false } });
  assert.equal(changes.at(-1)?.status.name, "off-air");
});

test("it tells by how much this machine's clock is wrong", () => {
  const { world, changes } = setUp({ snapshot: snapshot("1-a", []) });
  world.socket.send(beat("1-a", world.now.wall - 7_200_000));
  assert.equal(changes.at(-1)?.skew, 7_200_000);
});

test("it learns of a pinned dispatch that no frame brought, and goes on from there", () => {
  const { world, feed } = setUp({ snapshot: snapshot("1-a", [usable("b")], { pinned: "a" }) });
  feed.learn(usable("a"));
  assert.equal(feed.state.pinned_dispatch?.id, "a");
  world.socket.send(kill("2-b", "a"));
  assert.equal(feed.state.pinned_dispatch?.status, "killed");
});

test("closed, it stops", () => {
  const { world, feed, changes } = setUp();
  feed.close();
  const before = changes.length;
  world.pass(60_000);
  assert.equal(changes.length, before);
  assert.equal(world.waiting, 0);
});

for (const dice of [0, 0.5, 0.999]) {
  test(`a server whose clock is set back is connected to again once, at a random moment within 30 s: ${dice}`, () => {
    const { world, changes } = setUp();
    world.dice = [dice];
    let late = 0;
    const send = () => world.socket.send(beat("1-a", world.now.wall - late));
    const status = () => changes.at(-1)?.status.name;
    world.socket.send(snapshot("1-a", []));
    send();
    late = 15_000;
    for (let count = 0; count < 2; count += 1) {
      world.pass(10_000);
      assert.equal(world.sockets.length, 1);
      send();
      assert.equal(status(), "delayed");
    }
    let until = 30_000 * dice;
    for (; until > 10_000; until -= 10_000) {
      world.pass(10_000);
      send(); // beats go on, and do not put it off
    }
    world.pass(until - 10);
    assert.equal(world.sockets.length, 1);
    world.pass(20);
    assert.equal(world.sockets.length, 2);
    assert.match(world.socket.url, /after=1-a$/);
    send();
    for (let count = 0; count < 10; count += 1) {
      assert.equal(status(), "live");
      world.pass(9_900);
      assert.equal(status(), "live");
      world.pass(100);
      send();
    }
    assert.equal(world.sockets.length, 2);
  });
}
