import assert from "node:assert/strict";
import { test } from "node:test";
import { FRESH, measure, start, step } from "../../../clients/feed/freshness.js";
import { beat } from "./frames.js";

/** @import { Event } from "../../../clients/feed/freshness.js" */

const SERVER = Date.parse("2026-03-11T14:00:00Z");

/** A page, a server with a clock of its own, and time that the test lets pass. */
class Page {
  /** @param {number} [ahead] by how much the client's wall clock is wrong */
  constructor(ahead = 0) {
    this.now = { wall: SERVER + ahead, mono: 100 };
    this.server = SERVER;
    this.fresh = start(this.instant);
  }

  get instant() {
    return /** @type {const} */ ([this.now.wall, this.now.mono]);
  }

  /** @param {number} seconds */
  pass(seconds, { asleep = false } = {}) {
    const ms = seconds * 1000;
    this.server += ms;
    this.now = { wall: this.now.wall + ms, mono: this.now.mono + (asleep ? 0 : ms) };
    return this;
  }

  /** @param {Event} event */
  on(event) {
    this.fresh = step(this.fresh, event, this.instant);
    return this;
  }

  connect() {
    return this.on({ type: "connecting" });
  }

  lose() {
    return this.on({ type: "lost" });
  }

  /** @param {number} [late] for how many seconds the beat was under way */
  beat(late = 0) {
    return this.on({ type: "frame", frame: beat("1-a", this.server - late * 1000) });
  }

  delayed() {
    return this.on({ type: "frame", frame: { type: "delayed", since: new Date(this.server).toISOString() } });
  }

  pin() {
    return this.on({ type: "frame", frame: { type: "pin", position: "2-b", id: null } });
  }

  says(onAir = true) {
    const { name, age } = measure(this.fresh, onAir, this.instant);
    return name === "delayed" ? `delayed ${age}` : name;
  }
}

test("a page that begins is catching up, and after five seconds without proof delayed", () => {
  const page = new Page();
  assert.equal(page.says(), "catching-up");
  assert.equal(page.connect().pass(4).says(), "catching-up");
  assert.equal(page.pass(2).says(), "delayed 6");
});

test("frames alone prove nothing", () => {
  assert.equal(new Page().connect().pin().says(), "catching-up");
});

test("a beat makes it live, for thirteen seconds", () => {
  const page = new Page().connect().beat();
  assert.equal(page.says(), "live");
  assert.equal(page.pass(13).says(), "live");
  assert.equal(page.pass(1).says(), "delayed 14");
  assert.equal(page.beat().says(), "live");
});

test("a fresh feed off the air is off-air, a stale one delayed", () => {
  const page = new Page().connect().beat();
  assert.equal(page.says(false), "off-air");
  assert.equal(page.pass(20).says(false), "delayed 20");
});

test("a lost connection is at once no longer live, and soon delayed", () => {
  const page = new Page().connect().beat().pass(5).lose();
  assert.equal(page.says(), "catching-up");
  assert.equal(page.pass(9).says(), "delayed 14");
});

test("a new connection has to be proven again, however young the last proof", () => {
  const page = new Page().connect().beat().pass(1).connect();
  assert.equal(page.says(), "catching-up");
  assert.equal(page.pin().says(), "catching-up");
  assert.equal(page.beat().says(), "live");
});

test("a node that says it is behind is believed, until it beats again", () => {
  const page = new Page().connect().beat().pass(3).delayed();
  assert.equal(page.says(), "delayed 3");
  assert.equal(page.pass(2).pin().says(), "delayed 5");
  assert.equal(page.beat().says(), "live");
});

test("a node that is behind from the start is delayed, not catching up", () => {
  assert.equal(new Page().connect().pass(1).delayed().says(), "delayed 1");
});

for (const hours of [-30, -1, 1, 30]) {
  test(`a wall clock wrong by ${hours} hours changes nothing`, () => {
    const page = new Page(hours * 3_600_000).connect().beat(0.2).pass(10).beat(0.3);
    assert.equal(page.says(), "live");
    assert.equal(page.pass(14).says(), "delayed 14");
    assert.ok(Math.abs(page.fresh.skew - hours * 3_600_000) < 1_000, "and the page knows by how much it is wrong");
  });
}

test("old beats that a stalled tunnel delivers in a burst make nothing live", () => {
  const page = new Page().connect().beat(0.1).pass(10).beat(0.1).pass(60);
  for (const late of [50, 40, 30, 20]) {
    assert.equal(page.beat(late).says(), `delayed ${Math.floor(late - 0.1)}`);
  }
  assert.equal(page.beat(0.1).says(), "live");
});

test("a beat that comes late is already old", () => {
  const page = new Page().connect().beat(0.1).pass(20).beat(8.1);
  assert.equal(page.says(), "live");
  assert.equal(page.pass(6.5).says(), "delayed 14");
});

test("on a connection that stalled from its beginning, the first beat is as old as the connection", () => {
  const page = new Page().connect().pass(60).beat(60);
  assert.equal(page.says(), "delayed 60");
  assert.equal(page.beat(50).says(), "delayed 50");
  assert.equal(page.beat(20).says(), "delayed 20");
  assert.equal(page.beat(0).says(), "live");
});

test("a node that had no proof when it was connected to is doubted for one beat, no longer", () => {
  const page = new Page().connect().pass(12).delayed().beat(0.1);
  assert.equal(page.says(), "live");
  assert.equal(page.pass(5).says(), "delayed 17");
  page.pass(5).beat(0.1);
  for (let i = 0; i < 5; i += 1) {
    assert.equal(page.pass(9.9).says(), "live");
    page.pass(0.1).beat(0.1);
  }
});

test("beats of a burst don't come at their own pace, and take no doubt away", () => {
  const page = new Page().connect().pass(60).beat(60).beat(59.5).pass(1).beat(51.5);
  assert.equal(page.says(), "delayed 51");
  assert.equal(page.pass(8).beat(48.5).says(), "delayed 48");
});

test("a path that is merely slow is live", () => {
  const page = new Page().connect().pass(2).beat(1);
  for (let i = 0; i < 20; i += 1) {
    assert.equal(page.says(), "live");
    assert.equal(page.pass(9.9).says(), "live");
    page.pass(0.1).beat(1);
  }
});

test("a machine that slept knows it, though its monotonic clock stood still", () => {
  const page = new Page().connect().beat().pass(3600, { asleep: true });
  assert.equal(page.says(), "delayed 3600");
  assert.match(page.beat(3590).says(), /delayed 35\d\d/, "what the tunnel kept for it is no proof");
  assert.equal(page.connect().pass(1).beat(0.1).says(), "live");
});

test("a wall clock set back in between does not make an old beat young", () => {
  const page = new Page().connect().beat(0.1);
  page.now = { ...page.now, wall: page.now.wall - 3_600_000 };
  assert.equal(page.pass(60).beat(50).says(), "delayed 49");
});

test("a wall clock set forward costs a reconnection, no more", () => {
  const page = new Page().connect().beat(0.1).pass(5);
  page.now = { ...page.now, wall: page.now.wall + 3_600_000 };
  assert.equal(page.says(), "delayed 3605");
  assert.equal(page.connect().pass(0.2).beat(0.1).says(), "live");
});

test("clocks that drift don't age a page that is open for days", () => {
  const page = new Page().connect().beat(0.1);
  for (let i = 0; i < 3 * 8640; i += 1) {
    page.pass(10);
    page.now = { wall: page.now.wall + 2, mono: page.now.mono + 2 };
    page.beat(0.1);
  }
  assert.equal(page.pass(9.9).says(), "live");
});

test("whatever happens, without a beat no page is live for long", () => {
  let seed = 1;
  const dice = () => (seed = (seed * 48271) % 2147483647) / 2147483647;
  for (let round = 0; round < 300; round += 1) {
    const page = new Page((dice() - 0.5) * 1e9).connect();
    for (let i = 0; i < 5; i += 1) page.pass(dice() * 12).beat(dice());
    let silent = 0;
    for (let i = 0; i < 40; i += 1) {
      const seconds = dice() * 3;
      silent += seconds;
      page.pass(seconds, { asleep: dice() < 0.3 });
      const act = [page.connect, page.lose, page.pin, page.delayed, () => page][Math.floor(dice() * 5)];
      act?.call(page);
      if (silent * 1000 > FRESH) assert.match(page.says(), /delayed/);
    }
  }
});
