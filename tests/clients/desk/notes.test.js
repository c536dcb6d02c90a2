import assert from "node:assert/strict";
import { test } from "node:test";
import { IDBFactory, IDBKeyRange } from "fake-indexeddb";
import { indexedNotes, memoryNotes } from "../../../clients/desk/notes.js";
import { database } from "../../../clients/desk/store.js";

Object.assign(globalThis, { IDBKeyRange });

/** A browser's storage, as far as notes use it: names are its own properties, as there. */
function storage() {
  /** @type {any} */
  const kept = {};
  const methods = {
    getItem: (/** @type {string} */ name) => kept[name] ?? null,
    setItem: (/** @type {string} */ name, /** @type {string} */ value) => void (kept[name] = value),
    removeItem: (/** @type {string} */ name) => void delete kept[name],
  };
  for (const [name, value] of Object.entries(methods)) Object.defineProperty(kept, name, { value, configurable: true });
  return kept;
}

for (const [name, open] of /** @type {const} */ ([
  ["IndexedDB", () => indexedNotes(database(new IDBFactory(), "desk"))],
  ["memory", memoryNotes],
])) {
  test(`${name}: who signs out leaves nothing here, and takes nothing of anybody else`, async () => {
    const notes = open();
    for (const key of ["draft:lena:breaking", "sources:lena:sport", "draft:lenart:breaking", "draft:omar:breaking", "session"]) {
      await notes.write(key, `of ${key}`);
    }
    await notes.forget("lena");
    const left = ["draft:lena:breaking", "sources:lena:sport", "draft:lenart:breaking", "draft:omar:breaking", "session"];
    assert.deepEqual(await Promise.all(left.map((key) => notes.read(key))), [
      undefined, undefined, "of draft:lenart:breaking", "of draft:omar:breaking", "of session",
    ]);
  });
}

test("what a page could not write any more is there for the next one, and lies nowhere twice", async () => {
  const factory = new IDBFactory();
  const copies = storage();
  const page = indexedNotes(database(factory, "desk"), copies, "desk:");
  await page.writeAtOnce("draft:lena:breaking", { text: "Half a" });
  assert.deepEqual(Object.keys(copies), [], "the database has it");
  // The page goes before its database is opened, or has taken anything.
  const gone = indexedNotes(() => new Promise(() => {}), copies, "desk:");
  void gone.writeAtOnce("draft:lena:breaking", { text: "Half a sentence" });
  const next = indexedNotes(database(factory, "desk"), copies, "desk:");
  assert.deepEqual(await next.read("draft:lena:breaking"), { text: "Half a sentence" });
  assert.deepEqual(Object.keys(copies), []);
  void gone.writeAtOnce("draft:lena:breaking", undefined);
  assert.equal(await next.read("draft:lena:breaking"), undefined, "what was filed does not come back");
  void gone.writeAtOnce("draft:lena:breaking", { text: "More" });
  void gone.writeAtOnce("draft:omar:breaking", { text: "His" });
  await next.forget("lena");
  assert.deepEqual(Object.keys(copies), ["desk:draft:omar:breaking"]);
});

test("a storage that is full costs the copy alone", async () => {
  const full = storage();
  Object.defineProperty(full, "setItem", { value() {
    throw new Error("QuotaExceededError");
  } });
  const notes = indexedNotes(database(new IDBFactory(), "desk"), full, "desk:");
  await notes.writeAtOnce("draft:lena:breaking", { text: "Half" });
  assert.deepEqual(await notes.read("draft:lena:breaking"), { text: "Half" });
});
