import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, SILENCE } from "../../../clients/feed/connection.js";
import { beat, filed, usable, snapshot } from "./frames.js";
import { World } from "./world.js";

const URL_ = "https://ticker.example/v1/feeds/breaking";

/** @param {string | null} [after] */
function setUp(after = null, more = {}) {
  const world = new World();
  /** @type {any[]} */
  const frames = [];
  /** @type {string[]} */
  const states = [];
  const connection = connect({
    ...world.io, url: URL_, after, onframe: (frame) => frames.push(frame), onstate: (state) => state && states.push(state), ...more,
  });
  return { world, frames, states, connection };
}

/** @param {World} world */
const proof = (world, position = "2-b") => beat(position, world.now.wall);

test("it opens a WebSocket, and passes on what comes", () => {
  const { world, frames, states } = setUp();
  assert.equal(world.socket.url, "wss://ticker.example/v1/feeds/breaking/live");
  world.socket.send(snapshot("1-a", []));
  world.socket.send(proof(world));
  assert.deepEqual(frames.map(({ type }) => type), ["snapshot", "beat"]);
  assert.deepEqual(states, ["connecting", "open"]);
});

test("it begins from the position of the page", () => {
  const { world } = setUp("41-0f3c");
  assert.equal(world.socket.url, "wss://ticker.example/v1/feeds/breaking/live?after=41-0f3c");
});

test("it resumes from the last position", () => {
  const { world, states } = setUp();
  world.socket.send(snapshot("1-a", []));
  world.socket.send(filed("2-b", usable("x")));
  world.socket.drop();
  assert.equal(states.at(-1), "waiting");
  world.pass(250);
  assert.equal(world.sockets.length, 2);
  assert.match(world.socket.url, /after=2-b$/);
});

test("it waits longer after each failure, and briefly again after a beat", () => {
  const { world } = setUp(null, { EventSource: undefined });
  world.dice = [0.999];
  for (const wait of [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000]) {
    const before = world.sockets.length;
    world.socket.drop();
    world.pass(wait * 0.998);
    assert.equal(world.sockets.length, before, `not before ${wait}`);
    world.pass(wait * 0.002);
    assert.equal(world.sockets.length, before + 1);
  }
  world.socket.send(proof(world));
  world.socket.drop();
  world.pass(500);
  assert.equal(world.sockets.length, 10);
});

test("a node that accepts and then fails before its first beat is not reconnected to faster for it", () => {
  const { world } = setUp();
  world.dice = [0.999];
  for (const wait of [500, 1000, 2000]) {
    const before = world.sockets.length;
    world.socket.send(snapshot("1-a", []));
    world.socket.drop();
    world.pass(wait * 0.998);
    assert.equal(world.sockets.length, before);
    world.pass(wait * 0.002);
  }
});

test("thirteen seconds of silence are a dead path", () => {
  const { world, states } = setUp();
  world.socket.send(proof(world));
  const [dead] = world.sockets;
  world.pass(SILENCE - 1000);
  assert.equal(world.sockets.length, 1);
  world.pass(2000);
  assert.equal(world.sockets.length, 2);
  assert.equal(dead?.closed, true);
  assert.deepEqual(states, ["connecting", "open", "waiting", "connecting"]);
});

test("an attempt without a response is given up after as long", () => {
  const { world } = setUp();
  world.pass(SILENCE + 500);
  assert.equal(world.sockets.length, 2);
});

test("any frame breaks the silence", () => {
  const { world } = setUp();
  for (let i = 0; i < 5; i += 1) {
    world.pass(10_000);
    world.socket.send({ type: "weather" });
  }
  assert.equal(world.sockets.length, 1);
});

test("a malformed frame ends the connection, and only what came before it is trusted", () => {
  const { world, frames } = setUp();
  world.socket.send(filed("2-b", usable("x")));
  const [bad] = world.sockets;
  bad?.send('{"type":"dispatch","position":"3-c","dispatch":{}}');
  assert.equal(bad?.closed, true);
  bad?.send(filed("4-d", usable("y")));
  assert.equal(frames.length, 1);
  world.pass(500);
  assert.match(world.socket.url, /after=2-b$/);
});

test("a frame that is malformed again and again is replaced by a snapshot", () => {
  const { world } = setUp("2-b");
  for (let i = 0; i < 2; i += 1) {
    assert.match(world.socket.url, /after=2-b$/);
    world.socket.send({ type: "delayed" });
    world.socket.send("<html>");
    world.pass(1000);
  }
  assert.equal(new URL(world.socket.url).search, "");
  world.socket.send(snapshot("9-f", []));
  world.socket.send(proof(world, "9-f"));
  world.socket.drop();
  world.pass(500);
  assert.match(world.socket.url, /after=9-f$/);
});

test("when the network is back it reconnects at once", () => {
  const { world } = setUp();
  world.socket.drop();
  world.tell?.("online");
  assert.equal(world.sockets.length, 2);
  world.pass(60);
  assert.equal(world.sockets.length, 2, "and the attempt it was waiting for is cancelled");
});

test("when the reader is back and the tail is fresh, it stays", () => {
  const { world } = setUp();
  world.socket.send(proof(world));
  world.pass(5000);
  world.tell?.("visibilitychange");
  assert.equal(world.sockets.length, 1);
});

test("when the reader is back while it connects, it goes on connecting", () => {
  const { world } = setUp();
  world.tell?.("visibilitychange");
  assert.equal(world.sockets.length, 1);
});

test("when the reader is back while it waits, it reconnects at once", () => {
  const { world } = setUp();
  world.socket.drop();
  world.tell?.("visibilitychange");
  assert.equal(world.sockets.length, 2);
});

test("when the reader is back after a sleep, it reconnects after a second", () => {
  const { world, states } = setUp();
  world.socket.send(proof(world));
  world.sleep(3_600_000);
  world.tell?.("visibilitychange");
  assert.equal(states.at(-1), "slept", "and says at once that nothing is proven any more");
  world.pass(999);
  assert.equal(world.sockets.length, 1);
  world.pass(1);
  assert.equal(world.sockets.length, 2);
});

test("a machine that wakes reconnects within two seconds, though nothing tells it", () => {
  const { world } = setUp();
  world.socket.send(proof(world));
  world.sleep(3_600_000);
  world.pass(2000);
  assert.equal(world.sockets.length, 2);
});

test("a machine that wakes keeps a connection that delivers a frame within a second", () => {
  const { world, frames, states } = setUp();
  world.socket.send(filed("2-b", usable("x")));
  world.sleep(3_600_000);
  world.pass(1_000);
  assert.equal(states.at(-1), "slept");
  world.socket.send(filed("3-c", usable("y")));
  assert.equal(frames.length, 2);
  world.pass(12_000);
  assert.equal(world.sockets.length, 1);
  world.pass(3_000);
  assert.equal(world.sockets.length, 2, "and leaves it when nothing else comes");
  assert.match(world.socket.url, /after=3-c$/);
});

test("a frame that comes before anything else tells that the machine slept", () => {
  const { world, states } = setUp();
  world.socket.send(filed("2-b", usable("x")));
  world.sleep(3_600_000);
  world.socket.send(filed("3-c", usable("y")));
  assert.equal(states.at(-1), "slept");
});

test("a node that drains is left at a random moment, and followed until then", () => {
  const { world, frames } = setUp();
  world.dice = [0.4];
  world.socket.send(snapshot("1-a", []));
  const [old] = world.sockets;
  old?.send({ type: "move", within: 10_000 });
  world.pass(3_999);
  old?.send(filed("2-b", usable("x")));
  assert.equal(world.sockets.length, 1);
  world.pass(1);
  assert.equal(world.sockets.length, 2);
  assert.equal(old?.closed, true);
  assert.match(world.socket.url, /after=2-b$/);
  assert.deepEqual(frames.map(({ type }) => type), ["snapshot", "move", "dispatch"]);
});

test("a draining node that closes first is left then, once", () => {
  const { world } = setUp();
  world.socket.send(snapshot("1-a", []));
  world.socket.send({ type: "move", within: 10_000 });
  world.socket.drop();
  world.pass(250);
  assert.equal(world.sockets.length, 2);
  world.socket.send(proof(world));
  world.pass(9_000);
  assert.equal(world.sockets.length, 2);
});

test("closed is closed: no timer, no listener, no frame", () => {
  const { world, frames, states, connection } = setUp();
  world.socket.send(proof(world));
  const before = states.length;
  connection.close();
  assert.equal(world.socket.closed, true);
  world.socket.send(proof(world));
  assert.equal(frames.length, 1);
  assert.equal(world.waiting, 0);
  assert.equal(world.tell, null);
  assert.equal(states.length, before);
});

test("put to sleep when it reports that it is open, it passes on nothing", () => {
  const world = new World();
  let count = 0;
  const connection = connect({
    ...world.io, url: URL_, onframe: () => (count += 1), onstate: (state) => state === "open" && connection.sleep(),
  });
  world.socket.send(snapshot("1-a", []));
  assert.deepEqual([count, world.waiting], [0, 0]);
});
