import assert from "node:assert/strict";
import { test } from "node:test";
import { connect, SILENCE } from "../../clients/feed/connection.js";
import { filed, line, snapshot } from "./frames.js";
import { World } from "./world.js";

/** @param {string | null} [after] */
function setUp(after = null, more = {}) {
  const world = new World();
  /** @type {any[]} */
  const frames = [];
  /** @type {string[]} */
  const states = [];
  const url = "https://ticker.example/v1/feeds/breaking";
  connect({ ...world.io, url, after, onframe: (frame) => frames.push(frame), onstate: (state) => state && states.push(state), ...more });
  return { world, frames, states };
}

test("two WebSockets that never worked make it try an event stream", () => {
  const { world, frames } = setUp("2-b");
  world.socket.drop();
  world.pass(1000);
  world.socket.drop();
  world.pass(1000);
  assert.equal(world.sockets.length, 2);
  assert.equal(world.stream.url, "https://ticker.example/v1/feeds/breaking/live?after=2-b");
  world.stream.send(filed("3-c", line("x")));
  assert.equal(frames.length, 1);
  world.stream.drop();
  assert.equal(world.stream.closed, true, "it keeps its own rhythm, not the browser's");
  world.pass(1000);
  assert.equal(world.streams.length, 2, "an event stream that worked is dialled again");
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

test("a WebSocket that ever worked is dialled for ever", () => {
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
