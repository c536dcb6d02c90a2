/** LIVE covers the whole way to the reader's eyes: what can't be applied or shown is malformed. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { follow } from "../../../clients/feed/follow.js";
import { beat, filed, kill, usable, snapshot } from "./frames.js";
import { World } from "./world.js";

/** @import { Change } from "../../../clients/feed/follow.js" */
/** @import { Status } from "../../../clients/feed/freshness.js" */

/** A page that shows each change, unless the test makes its drawing fail. */
class Page {
  world = new World();
  /** What the page shows. @type {string[]} */
  shown = [];
  badge = "";
  /** @type {Status[]} */
  states = [];
  /** @type {(change: Change) => boolean} */
  fails = () => false;

  constructor() {
    this.world.dice = [0];
    this.feed = follow({
      ...this.world.io,
      src: "https://ticker.example",
      feed: "breaking",
      limit: 100,
      onchange: (change) => {
        this.badge = change.status.name;
        if (this.fails(change)) throw new Error("a DOM call failed");
        this.shown = change.state.dispatches.map((dispatch) => (dispatch.status === "killed" ? "killed" : dispatch.text));
      },
      onstate: (status) => this.states.push(status),
    });
  }

  get socket() {
    return this.world.socket;
  }

  beat(position = this.feed.state.position ?? "") {
    this.socket.send(beat(position, this.world.now.wall));
  }

  live() {
    this.socket.send(snapshot("1-a", [usable("a")]));
    this.beat();
    assert.equal(this.badge, "live");
    return this;
  }
}

test("a kill that can't be shown turns LIVE off at once, and comes again", () => {
  const page = new Page().live();
  page.fails = ({ frame }) => frame?.type === "kill";
  const [first] = page.world.sockets;
  first?.send(kill("2-b", "a"));
  assert.deepEqual(page.shown, ["text of a"]);
  assert.equal(page.badge, "catching-up");
  assert.equal(page.feed.status.name, "catching-up");
  assert.equal(first?.closed, true);
  assert.equal(page.feed.state.position, "1-a", "nothing of it was applied");
  assert.equal(page.feed.state.dispatches[0]?.status, "usable");
  page.fails = () => false;
  page.world.pass(0);
  assert.match(page.socket.url, /after=1-a$/);
  page.socket.send(kill("2-b", "a"));
  page.beat();
  assert.deepEqual([page.shown, page.badge], [["killed"], "live"]);
});

test("an error of the consumer is seen by developers, a malformed frame is not theirs", () => {
  const page = new Page().live();
  page.fails = ({ frame }) => frame?.type === "dispatch";
  page.socket.send(filed("2-b", usable("b")));
  assert.deepEqual(page.world.errors.map(String), ["Error: a DOM call failed"]);
  page.world.pass(0);
  page.socket.send("<html>");
  assert.equal(page.world.errors.length, 1);
});

test("a frame that fails twice is replaced by a snapshot; then the page says reload, and LIVE never", () => {
  const page = new Page().live();
  page.fails = ({ state }) => state.dispatches.some(({ id }) => id === "b");
  for (const [after, reload] of /** @type {[string, boolean][]} */ ([["?after=1-a", false], ["?after=1-a", false], ["", true], ["", true]])) {
    if (page.socket.closed) page.world.pass(30_000);
    if (page.world.sockets.length > 1) assert.equal(new URL(page.socket.url).search, after);
    if (after || page.world.sockets.length === 1) page.socket.send(filed("2-b", usable("b")));
    else page.socket.send(snapshot("2-b", [usable("b"), usable("a")]));
    assert.notEqual(page.badge, "live");
    assert.equal(page.feed.status.reload, reload);
  }
  assert.equal(page.states.at(-1)?.reload, true);
  page.fails = () => false;
  page.world.pass(30_000);
  page.socket.send(snapshot("2-b", [usable("b"), usable("a")]));
  assert.equal(page.feed.status.reload, true, "a frame alone doesn't end it");
  page.beat();
  page.world.pass(2_000);
  assert.deepEqual([page.feed.status.name, page.feed.status.reload, page.badge], ["live", false, "live"]);
});

test("a persistent fault is retried ever more slowly", () => {
  const page = new Page();
  page.world.dice = [0.999];
  page.fails = ({ frame }) => frame !== null;
  for (const wait of [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000]) {
    const before = page.world.sockets.length;
    page.socket.send(snapshot("1-a", []));
    page.world.pass(wait * 0.99);
    assert.equal(page.world.sockets.length, before);
    page.world.pass(wait * 0.01);
    assert.equal(page.world.sockets.length, before + 1);
  }
});

test("a beat that can't be shown is no proof", () => {
  const page = new Page();
  page.fails = ({ frame }) => frame?.type === "beat";
  page.socket.send(snapshot("1-a", []));
  page.beat();
  assert.notEqual(page.feed.status.name, "live");
  assert.equal(page.socket.closed, true);
});

test("a beat at another position shows a gap: it moves nothing, and what is missing is requested", () => {
  const page = new Page().live();
  page.beat("3-c");
  assert.equal(page.badge, "catching-up");
  assert.equal(page.feed.state.position, "1-a");
  page.world.pass(0);
  assert.match(page.socket.url, /after=1-a$/);
});

test("an entry of an unknown type leaves no gap", () => {
  const page = new Page().live();
  page.socket.send({ type: "weather", position: "2-b" });
  page.beat("2-b");
  assert.equal(page.badge, "live");
});

test("a status that can't be shown is a fault too", () => {
  const page = new Page().live();
  page.fails = ({ frame, status }) => !frame && status.name === "live" && status.age === 3;
  page.world.pass(3_000);
  assert.notEqual(page.badge, "live");
  assert.equal(page.world.errors.length, 1);
});

test("a consumer that draws later tells of its fault: a snapshot mends it, and one beat is too early to say so", () => {
  const page = new Page().live();
  page.feed.fault(new Error("rAF"));
  assert.equal(page.badge, "catching-up");
  assert.deepEqual(page.world.errors.map(String), ["Error: rAF"]);
  page.world.pass(0);
  assert.equal(new URL(page.socket.url).search, "");
  page.socket.send(snapshot("1-a", [usable("a")]));
  page.beat();
  assert.equal(page.badge, "catching-up");
  page.feed.fault();
  assert.equal(page.feed.status.reload, true);
  page.world.pass(30_000);
  page.socket.send(snapshot("1-a", [usable("a")]));
  page.beat();
  page.world.pass(999);
  assert.notEqual(page.badge, "live");
  page.world.pass(1_001);
  assert.deepEqual([page.badge, page.feed.status.reload], ["live", false]);
});

test("a consumer that sleeps and then fails is not live", () => {
  const page = new Page().live();
  page.fails = ({ frame }) => {
    if (frame) page.feed.sleep();
    return frame !== null;
  };
  page.socket.send(filed("2-b", usable("b")));
  assert.equal(page.feed.status.name, "catching-up");
  assert.equal(page.world.waiting, 0);
});

test("onstate tells each change of the name, once", () => {
  const page = new Page().live();
  page.world.pass(5_000);
  page.socket.drop();
  page.world.pass(0);
  page.beat();
  assert.deepEqual(page.states.map(({ name }) => name), ["connecting", "catching-up", "live", "catching-up", "live"]);
});
