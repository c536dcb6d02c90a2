import assert from "node:assert/strict";
import { test } from "node:test";
import { deskAddress, deskWorld } from "../../../clients/desk/stream.js";

const FRAME = { type: "desk", kind: "flash", flashes: [] };

class Source extends EventTarget {
  /** @param {string} url */
  constructor(url) {
    super();
    this.url = url;
  }

  /** @param {string} type @param {unknown} data */
  send(type, data) {
    this.dispatchEvent(Object.assign(new Event(type), { data: typeof data === "string" ? data : JSON.stringify(data) }));
  }
}

function world() {
  /** @type {any[]} */
  const frames = [];
  /** @type {any[]} */
  const reported = [];
  /** @type {any[]} */
  const requests = [];
  const fake = /** @type {any} */ ({
    WebSocket: Source,
    EventSource: Source,
    fetch: (/** @type {any[]} */ ...request) => requests.push(request),
    reportError: (/** @type {unknown} */ error) => reported.push(error),
  });
  return { made: /** @type {any} */ (deskWorld((frame) => frames.push(frame), fake)), frames, reported, requests };
}

test("the readers' stream becomes the desk's, and nothing else does", () => {
  assert.deepEqual(
    ["ws://a/v1/feeds/live/live", "ws://a/v1/feeds/live/live?after=1-a", "ws://a/v1/feeds/live/changes?after=1"].map(deskAddress),
    ["ws://a/v1/feeds/live/desk/live", "ws://a/v1/feeds/live/desk/live?after=1-a", "ws://a/v1/feeds/live/changes?after=1"],
  );
});

test("frames of the desk are taken from a WebSocket, and those of the feed are left to others", () => {
  const { made, frames, reported } = world();
  const socket = new made.WebSocket("ws://a/v1/feeds/breaking/live");
  assert.equal(socket.url, "ws://a/v1/feeds/breaking/desk/live");
  socket.send("message", FRAME);
  socket.send("message", { type: "dispatch", dispatch: { text: 'the "desk" of a minister' } });
  socket.send("message", "");
  assert.deepEqual([frames, reported], [[FRAME], []]);
  socket.send("message", 'no JSON about the "desk"');
  assert.equal(reported.length, 1);
});

test("and from an event stream by their type", () => {
  const { made, frames } = world();
  const source = new made.EventSource("http://a/v1/feeds/breaking/live?after=1-a");
  assert.equal(source.url, "http://a/v1/feeds/breaking/desk/live?after=1-a");
  source.send("desk", FRAME);
  assert.deepEqual(frames, [FRAME]);
});

test("long-poll goes with the session, since the feed may be private", () => {
  const { made, requests } = world();
  made.fetch("http://a/v1/feeds/breaking/changes", { credentials: "omit" });
  assert.deepEqual(requests, [["http://a/v1/feeds/breaking/changes", { credentials: "same-origin" }]]);
});
