import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, SILENCE } from "../../../clients/feed/connection.js";
import { filed, usable, snapshot } from "./frames.js";
import { World } from "./world.js";

/** @param {World} world */
function setUpIn(world, more = {}) {
  /** @type {any[]} */
  const frames = [];
  /** @type {string[]} */
  const states = [];
  const url = "https://ticker.example/v1/feeds/breaking";
  connect({ ...world.io, url, onframe: (frame) => frames.push(frame), onstate: (state) => state && states.push(state), ...more });
  return { world, frames, states };
}

/** @param {string | null} [after] */
const setUp = (after = null, more = {}) => setUpIn(new World(), { after, ...more });

test("two WebSockets that never worked make it try an event stream", () => {
  const { world, frames } = setUp("2-b");
  world.socket.drop();
  world.pass(1000);
  world.socket.drop();
  world.pass(1000);
  assert.equal(world.sockets.length, 2);
  assert.equal(world.stream.url, "https://ticker.example/v1/feeds/breaking/live?after=2-b");
  world.stream.send(filed("3-c", usable("x")));
  assert.equal(frames.length, 1);
  world.stream.drop();
  assert.equal(world.stream.closed, true, "it keeps its own rhythm, not the browser's");
  world.pass(1000);
  assert.equal(world.streams.length, 2, "an event stream that worked is opened again");
  assert.match(world.stream.url, /after=3-c$/);
});

test("an event stream that works no better gives way to WebSocket again", () => {
  const { world } = setUp();
  for (let i = 0; i < 2; i += 1) {
    world.socket.drop();
    world.pass(2000);
  }
  for (let i = 0; i < 2; i += 1) {
    assert.equal(world.streams.length, i + 1);
    world.stream.drop();
    world.pass(8000);
  }
  assert.equal(world.sockets.length, 3);
});

test("an event stream that was closed reports nothing any more: no frame, no loss", () => {
  const { world, frames, states } = setUp(null, { WebSocket: undefined });
  const [old] = world.streams;
  old?.send(snapshot("1-a", []));
  world.tell?.("online");
  assert.equal(world.streams.length, 2);
  world.stream.send(snapshot("1-a", []));
  const before = [frames.length, states.length, world.waiting];
  old?.send(filed("2-b", usable("b")));
  old?.drop();
  assert.deepEqual([frames.length, states.length, world.waiting], before);
  world.pass(5_000);
  assert.equal(world.streams.length, 2, "the loss of the old one is not taken for the new one's");
});

test("a WebSocket that ever worked is opened for ever", () => {
  const { world } = setUp();
  world.socket.send(snapshot("1-a", []));
  for (let i = 0; i < 5; i += 1) {
    world.socket.drop();
    world.pass(30_000);
  }
  assert.equal(world.streams.length, 0);
});

test("a WebSocket that opens but carries nothing counts as blocked", () => {
  const { world } = setUp();
  world.pass(2 * SILENCE + 3000);
  assert.equal(world.streams.length, 1);
});

test("a WebSocket that can't even be made is a failure like any other", () => {
  class Forbidden {
    constructor() {
      throw new Error("insecure");
    }
  }
  const { world, states } = setUp(null, { WebSocket: Forbidden });
  world.pass(2000);
  assert.equal(world.streams.length, 1);
  assert.equal(states[1], "waiting");
});

test("without WebSocket there is the event stream", () => {
  const { world } = setUp(null, { WebSocket: undefined });
  assert.equal(world.streams.length, 1);
});

test("after hanging up an event stream tells nothing", () => {
  const { world, frames, states } = setUp(null, { WebSocket: undefined });
  world.stream.send(snapshot("1-a", []));
  const old = world.stream;
  world.tell?.("online");
  assert.equal(old.closed, true);
  const before = states.length;
  old.send(filed("2-b", usable("b")));
  old.drop();
  assert.equal(frames.length, 1);
  assert.equal(states.length, before);
});

test("two event streams that never worked make it try long-poll, and two of those WebSocket again", async () => {
  const world = new World();
  setUpIn(world, { fetch: world.fetch });
  for (let i = 0; i < 2; i += 1) {
    world.socket.drop();
    world.pass(30_000 / 8);
  }
  for (let i = 0; i < 2; i += 1) {
    world.stream.drop();
    world.pass(30_000 / 4);
  }
  assert.deepEqual([world.sockets.length, world.streams.length, world.requests.length], [2, 2, 1]);
  for (let i = 0; i < 2; i += 1) {
    await world.request.fail();
    world.pass(8_000);
  }
  assert.deepEqual([world.sockets.length, world.streams.length, world.requests.length], [3, 2, 2]);
});

test("the transport that worked is kept while the page lives", async () => {
  const world = new World();
  setUpIn(world, { fetch: world.fetch, EventSource: undefined });
  for (let i = 0; i < 2; i += 1) {
    world.socket.drop();
    world.pass(30_000 / 8);
  }
  await world.request.respond(200, { frames: [snapshot("1-a", [])], position: "1-a", at: new Date(world.now.wall).toISOString() });
  for (let i = 0; i < 5; i += 1) {
    await world.request.fail();
    world.pass(31_000);
  }
  assert.equal(world.sockets.length, 2);
});

test("on another network a transport that worked elsewhere has two chances, no more", () => {
  const { world } = setUp();
  world.socket.send(snapshot("1-a", []));
  world.tell?.("online");
  for (let i = 0; i < 2; i += 1) {
    assert.equal(world.streams.length, 0);
    world.socket.drop();
    world.pass(2_000);
  }
  assert.equal(world.streams.length, 1);
});
