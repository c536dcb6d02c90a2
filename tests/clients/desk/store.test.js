import assert from "node:assert/strict";
import { test } from "node:test";
import { IDBFactory } from "fake-indexeddb";
import { compose, discard, EMPTY } from "../../../clients/desk/outbox.js";
import { database, indexedStore, memoryStore, openDatabase } from "../../../clients/desk/store.js";

/** @param {string} key */
const composed = (key) => (/** @type {import("../../../clients/desk/item.d.ts").Outbox} */ outbox) =>
  compose(outbox, { key, person: "lena", feed: "breaking", change: { kind: "file", body: "{}" }, now: 1 });

for (const [name, open] of /** @type {const} */ ([
  ["IndexedDB", () => indexedStore(database(new IDBFactory(), "desk"))],
  ["memory", memoryStore],
])) {
  test(`${name}: what one update writes, the next reads`, async () => {
    const store = open();
    assert.deepEqual(await store.update((outbox) => [outbox, outbox]), EMPTY);
    assert.equal(await store.update(composed("a")), true);
    await store.update((outbox) => [{ ...outbox, lease: { holder: "me", until: 5 } }, undefined]);
    const found = await store.update((outbox) => [outbox, outbox]);
    assert.deepEqual([found.items.map(({ key }) => key), found.lease], [["a"], { holder: "me", until: 5 }]);
    await store.update((outbox) => discard({ ...outbox, lease: null }, "a"));
    assert.deepEqual(await store.update((outbox) => [outbox, outbox]), EMPTY);
  });

  test(`${name}: a change that throws changes nothing`, async () => {
    const store = open();
    await assert.rejects(store.update(() => {
      throw new Error("no");
    }), /no/);
    assert.deepEqual(await store.update((outbox) => [outbox, outbox]), EMPTY);
  });
}

test("what one tab wrote another has, and a browser that was closed", async () => {
  const factory = new IDBFactory();
  await indexedStore(database(factory, "desk")).update(composed("a"));
  const found = await indexedStore(database(factory, "desk")).update((outbox) => [outbox, outbox.items]);
  assert.deepEqual(found.map(({ key }) => key), ["a"]);
});

test("concurrent updates of two tabs are all kept, each with its place", async () => {
  const factory = new IDBFactory();
  const tabs = [indexedStore(database(factory, "desk")), indexedStore(database(factory, "desk"))];
  await Promise.all(Array.from({ length: 20 }, (_, n) => tabs[n % 2]?.update(composed(`k${n}`))));
  const items = await /** @type {any} */ (tabs[0]).update((/** @type {any} */ outbox) => [outbox, outbox.items]);
  assert.deepEqual(items.map((/** @type {any} */ { seq }) => seq).sort((/** @type {number} */ a, /** @type {number} */ b) => a - b), Array.from({ length: 20 }, (_, n) => n + 1));
});

test("a database that the browser closed is opened again", async () => {
  const factory = new IDBFactory();
  const using = database(factory, "desk");
  const store = indexedStore(using);
  await store.update(composed("a"));
  await using(async (open) => open.close());
  assert.equal((await store.update((outbox) => [outbox, outbox.items])).length, 1);
});

test("a newer desk in another tab need not wait for this one", async () => {
  const factory = new IDBFactory();
  await openDatabase(factory, "desk");
  const newer = factory.open("desk", 99);
  await new Promise((resolve, reject) => {
    newer.onsuccess = resolve;
    newer.onblocked = () => reject(new Error("blocked"));
  });
});
