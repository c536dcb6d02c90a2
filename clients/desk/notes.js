/**
 * What the desk remembers in this browser beside the outbox: who is signed in, the feeds, what is half written, recent
 * sources. Never what was filed.
 */

import { done } from "./store.js";

/**
 * @typedef {object} Notes
 * @property {<T>(name: string) => Promise<T | undefined>} read
 * @property {(name: string, value: unknown) => Promise<void>} write undefined forgets it
 * @property {() => Promise<void>} forgetAll
 */

/** @param {ReturnType<typeof import("./store.js").database>} using @returns {Notes} */
export function indexedNotes(using) {
  /** @template T @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest<T>} act */
  const run = (mode, act) => using((database) => done(act(database.transaction("notes", mode).objectStore("notes"))));
  return {
    read: (name) => run("readonly", (store) => store.get(name)),
    async write(name, value) {
      await run("readwrite", (store) => /** @type {IDBRequest<any>} */ (value === undefined ? store.delete(name) : store.put(value, name)));
    },
    async forgetAll() {
      await run("readwrite", (store) => store.clear());
    },
  };
}

/** @returns {Notes} */
export function memoryNotes() {
  /** @type {Map<string, any>} */
  const known = new Map();
  return {
    read: async (name) => known.get(name),
    async write(name, value) {
      known.set(name, value);
    },
    async forgetAll() {
      known.clear();
    },
  };
}
