import assert from "node:assert/strict";
import { test } from "node:test";
import { sendInBackground } from "../../../clients/desk/background.js";
import { compose, DAY, LEASE, take } from "../../../clients/desk/outbox.js";
import { memoryStore } from "../../../clients/desk/store.js";

/** @import { Item, Outcome } from "../../../clients/desk/item.d.ts" */

/** @param {(item: Item, n: number) => Outcome} respond @param {string | null} [person] */
function world(respond, person = "lena") {
  const store = memoryStore();
  /** @type {string[]} */
  const sent = [];
  const here = { now: 1_000_000, slept: /** @type {number[]} */ ([]), told: 0, stands: false };
  const send = () =>
    sendInBackground({
      store,
      me: "worker",
      person: async () => person,
      attempt: async (item) => {
        sent.push(item.key);
        return respond(item, sent.length);
      },
      token: () => `t${sent.length}`,
      now: () => here.now,
      async sleep(delay) {
        here.slept.push(delay);
        here.now += here.stands ? 0 : delay;
      },
      onchange: () => (here.told += 1),
    });
  /** @param {...string} keys */
  async function composed(...keys) {
    for (const key of keys) {
      await store.update((outbox) => compose(outbox, { key, person: "lena", feed: "breaking", change: { kind: "file", body: "{}" }, now: here.now }));
    }
  }
  const items = () => store.update((outbox) => [outbox, outbox.items]);
  const lease = () => store.update((outbox) => [outbox, outbox.lease]);
  return { store, sent, here, send, composed, items, lease };
}

/** @type {Outcome} */
const kept = { is: "kept", receipt: { id: "01K" } };

test("all that waits goes out in its order, and pages hear of it", async () => {
  const { sent, here, send, composed, lease } = world(() => kept);
  await composed("a", "b");
  assert.equal(await send(), true);
  assert.deepEqual(sent, ["a", "b"]);
  assert.ok(here.told >= 4);
  assert.equal(await lease(), null);
});

test("one without an answer holds all behind it, gives the lease back, and another chance is asked for", async () => {
  const { sent, send, composed, items, lease } = world((_, n) => (n === 1 ? { is: "unknown" } : kept));
  await composed("a", "b");
  assert.equal(await send(), false);
  assert.deepEqual(sent, ["a"]);
  assert.deepEqual((await items()).map(({ state, doubtful }) => [state, doubtful]), [["waiting", true], ["waiting", false]]);
  assert.equal(await lease(), null);
  assert.equal(await send(), true);
  assert.deepEqual(sent, ["a", "a", "b"], "with the same key");
});

test("a refused one steps aside", async () => {
  const { sent, send, composed } = world((_, n) => (n === 1 ? { is: "refused", problem: { type: "x", status: 422, detail: "" } } : kept));
  await composed("a", "b");
  assert.equal(await send(), true);
  assert.deepEqual(sent, ["a", "b"]);
});

test("what was written a day ago waits for its author, and holds nothing behind it", async () => {
  const { sent, here, send, composed, items } = world(() => kept);
  await composed("a");
  here.now += DAY + 1;
  await composed("b");
  assert.equal(await send(), true, "no later chance changes that");
  assert.deepEqual(sent, ["b"]);
  assert.deepEqual((await items()).map(({ state }) => state), ["old", "kept"]);
});

test("pages hear of what has grown too old, though nothing was sent", async () => {
  const { here, send, composed } = world(() => kept);
  await composed("a");
  here.now += DAY + 1;
  assert.equal(await send(), true);
  assert.equal(here.told, 1);
});

test("nobody who is signed in, or another person, sends nothing; nor does a session that ended meanwhile", async () => {
  for (const person of [null, "omar"]) {
    const { sent, send, composed } = world(() => kept, person);
    await composed("a");
    assert.equal(await send(), true);
    assert.deepEqual(sent, []);
  }
  const { sent, send, composed } = world(() => ({ is: "signed-out" }));
  await composed("a", "b");
  assert.equal(await send(), true, "no later chance changes that");
  assert.deepEqual(sent, ["a"]);
});

test("a tab that holds the lease is waited for, since it may be gone", async () => {
  const { store, sent, here, send, composed, items } = world(() => kept);
  await composed("a");
  await store.update((outbox) => take(outbox, { person: "lena", me: "tab", token: "t", now: here.now }));
  assert.equal(await send(), true);
  assert.deepEqual(sent, ["a"]);
  assert.ok(Number(here.slept[0]) > LEASE);
  assert.equal((await items())[0]?.state, "kept");
});

test("but not for ever, when it goes on sending", async () => {
  const { store, sent, here, send, composed } = world(() => kept);
  await composed("a");
  here.stands = true; // as if the tab renewed its lease each time
  await store.update((outbox) => [{ ...outbox, lease: { holder: "tab", until: here.now + LEASE } }, undefined]);
  assert.equal(await send(), false);
  assert.deepEqual(sent, []);
});
