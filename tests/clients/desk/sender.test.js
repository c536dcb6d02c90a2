import assert from "node:assert/strict";
import { test } from "node:test";
import { compose, DAY, EMPTY, LEASE } from "../../../clients/desk/outbox.js";
import { sender } from "../../../clients/desk/sender.js";
import { memoryStore } from "../../../clients/desk/store.js";
import { run } from "./schedule.js";

/** @import { Item, Outcome } from "../../../clients/desk/item.d.ts" */

const SCHEDULES = Number(process.env["TICKER_SCHEDULES"] ?? 60);

test(`of ${SCHEDULES} seeded schedules none loses, doubles or reorders a dispatch`, async () => {
  let composed = 0;
  for (let seed = 1; seed <= SCHEDULES; seed += 1) {
    const end = await run(seed);
    const where = `seed ${seed}`;
    assert.deepEqual(end.faults, [], where);
    assert.deepEqual(end.left, [], where);
    if (end.aside) assert.deepEqual([...end.log].sort(), [...end.composed].sort(), where);
    else assert.deepEqual(end.log, end.composed, where);
    composed += end.composed.length;
  }
  assert.ok(composed > SCHEDULES * 3, "the schedules compose something");
});

/**
 * @param {(item: Item, n: number) => Outcome} respond
 * @param {{online?: boolean, person?: string | null}} [given]
 */
function world(respond, given = {}) {
  const here = { online: true, person: /** @type {string | null} */ ("lena"), now: 1_000_000, told: 0, ...given };
  const store = memoryStore();
  /** @type {Item[]} */
  const sent = [];
  /** @type {{act: () => void, delay: number}[]} */
  const timers = [];
  /** @type {unknown[]} */
  const reported = [];
  const sending = sender({
    store,
    me: "tab",
    person: () => here.person,
    attempt: async (item) => {
      sent.push(item);
      return respond(item, sent.length);
    },
    online: () => here.online,
    now: () => here.now,
    random: () => 0.5,
    token: () => `t${sent.length}`,
    timers: { set: (act, delay) => timers.push({ act, delay }), clear: () => {} },
    onchange: () => {
      here.told += 1;
    },
    report: (error) => reported.push(error),
  });
  /** @param {...string} keys */
  async function composed(...keys) {
    for (const key of keys) {
      const change = /** @type {const} */ ({ kind: "file", body: `{"text":"${key}"}` });
      await store.update((outbox) => compose(outbox, { key, person: "lena", feed: "breaking", change, now: here.now }));
    }
  }
  const items = () => store.update((outbox) => [outbox, outbox.items]);
  return { here, store, sent, timers, sending, composed, items, reported };
}

/** @type {Outcome} */
const KEPT = { is: "kept", receipt: { id: "01K" } };

test("all that waits is sent in order, in one go", async () => {
  const { sending, composed, sent } = world(() => KEPT);
  await composed("a", "b", "c");
  await sending.drain();
  assert.deepEqual(sent.map(({ key }) => key), ["a", "b", "c"]);
});

test("offline nothing is attempted, so all of it can still be edited; it looks again by itself", async () => {
  const { sending, composed, sent, timers, here, items } = world(() => KEPT, { online: false });
  await composed("a");
  await sending.drain();
  assert.deepEqual([sent.length, (await items())[0]?.attempts, timers.length], [0, 0, 1]);
  here.online = true;
  await sending.retry();
  assert.equal(sent.length, 1);
});

test("signed out nothing is attempted", async () => {
  const { sending, composed, sent, timers } = world(() => KEPT, { person: null });
  await composed("a");
  await sending.drain();
  assert.deepEqual([sent.length, timers.length], [0, 0]);
});

test("a session that ended stops it without a timer; what waits is not doubtful", async () => {
  const { sending, composed, sent, timers, items } = world(() => ({ is: "signed-out" }));
  await composed("a", "b");
  await sending.drain();
  assert.deepEqual([sent.length, timers.length, (await items())[0]?.doubtful], [1, 0, false]);
});

test("each failure doubles the wait, up to a limit, and a new chance begins again", async () => {
  const { sending, composed, timers } = world(() => ({ is: "unknown" }));
  await composed("a");
  for (let n = 0; n < 7; n += 1) await sending.drain();
  assert.deepEqual(timers.map(({ delay }) => delay), [500, 1_000, 2_000, 4_000, 7_500, 7_500, 7_500]);
  await sending.retry();
  assert.equal(timers.at(-1)?.delay, 500);
});

test("Retry-After is the least", async () => {
  const { sending, composed, timers } = world(() => ({ is: "unavailable", after: 7 }));
  await composed("a");
  await sending.drain();
  assert.equal(timers[0]?.delay, 7_500);
});

test("a refused one steps aside and the next goes", async () => {
  const { sending, composed, sent } = world((_, n) =>
    n === 1 ? { is: "refused", problem: { type: "x", status: 422, detail: "no" } } : KEPT,
  );
  await composed("a", "b");
  await sending.drain();
  assert.deepEqual(sent.map(({ key }) => key), ["a", "b"]);
});

test("while another tab has the lease it waits for its end", async () => {
  const { sending, composed, sent, store, timers, here } = world(() => KEPT);
  await composed("a");
  await store.update((outbox) => [{ ...outbox, lease: { holder: "other", until: here.now + LEASE } }, null]);
  await sending.drain();
  assert.deepEqual([sent.length, timers[0]?.delay], [0, LEASE + 250]);
});

test("a store that fails is reported, and tried again", async () => {
  const { sending, composed, store, sent, timers, reported } = world(() => KEPT);
  await composed("a");
  const { update } = store;
  store.update = () => Promise.reject(new Error("quota"));
  await sending.drain();
  assert.deepEqual([sent.length, timers.length, reported.length], [0, 1, 1]);
  store.update = update;
  timers[0]?.act();
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(sent.length, 1);
});

test("a closed tab leaves its lease to others, and sends again when it is opened", async () => {
  const { sending, composed, sent, store, here } = world(() => KEPT);
  await store.update((outbox) => [{ ...outbox, lease: { holder: "tab", until: here.now + LEASE } }, null]);
  await sending.close();
  assert.equal(await store.update((outbox) => [outbox, outbox.lease]), null);
  await composed("a");
  await sending.drain();
  assert.equal(sent.length, 0);
  await sending.open();
  assert.equal(sent.length, 1);
  assert.deepEqual(EMPTY, { items: [], lease: null });
});

test("what waits for its author's word shows it as soon as nothing can be sent, and once", async () => {
  const { sending, composed, sent, timers, here, items } = world(() => KEPT, { online: false });
  await composed("a");
  here.now += DAY + 1;
  here.online = true;
  await sending.retry();
  await sending.retry();
  assert.deepEqual([sent.length, timers.length, here.told], [0, 0, 1]);
  assert.equal((await items())[0]?.state, "old");
});

test("one that is sent is shown when it goes and when it has gone, and not again", async () => {
  const { sending, composed, here, reported } = world(() => KEPT);
  await composed("a");
  await sending.drain();
  assert.deepEqual([here.told, reported], [2, []]);
  await sending.retry();
  assert.equal(here.told, 2, "an outbox in which nothing waits is not drawn each time that a page is shown");
});
