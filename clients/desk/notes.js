/**
 * What the desk remembers in this browser beside the outbox: who is signed in, the feeds, what is half written, recent
 * sources. Never what was filed.
 *
 * A page can go before the database has taken what was written last. What must not be lost is copied to the browser's
 * storage first, which takes it at once, and removed from there as soon as the database has it.
 */

import { done } from "./store.js";

/**
 * @typedef {object} Notes
 * @property {<T>(name: string) => Promise<T | undefined>} read
 * @property {(name: string, value: unknown) => Promise<void>} write undefined forgets it
 * @property {(name: string, value: unknown) => Promise<void>} writeAtOnce as `write`, and a page that goes meanwhile loses nothing
 * @property {(person: string) => Promise<void>} forget what somebody wrote and whom they quoted, in all feeds
 */

/** Notes of one person about one feed: `kind:person:feed`. */
const OF_A_PERSON = ["draft", "sources"];

/** @param {string} name @param {string} person */
const isOf = (name, person) => OF_A_PERSON.some((kind) => name.startsWith(`${kind}:${person}:`));

/**
 * @param {ReturnType<typeof import("./store.js").database>} using
 * @param {Storage | null} [storage] for the copies
 * @param {string} [place] what their names begin with
 * @returns {Notes}
 */
export function indexedNotes(using, storage = null, place = "") {
  /** @template T @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => IDBRequest<T>} act */
  const run = (mode, act) =>
    using((database) => {
      const transaction = database.transaction("notes", mode);
      const request = act(transaction.objectStore("notes"));
      transaction.commit?.(); // at once: a page that goes before the response takes an open transaction with it
      return done(request);
    });

  /** @param {string} name @param {unknown} value */
  async function write(name, value) {
    await run("readwrite", (store) => /** @type {IDBRequest<any>} */ (value === undefined ? store.delete(name) : store.put(value, name)));
  }

  /** @param {string} name @param {unknown} value */
  async function writeAtOnce(name, value) {
    const copy = JSON.stringify(value ?? null);
    try {
      storage?.setItem(place + name, copy);
    } catch {
      // The storage is full: the database alone has it.
    }
    await write(name, value);
    if (storage?.getItem(place + name) === copy) storage.removeItem(place + name); // else a newer one is on its way
  }

  return {
    write,
    writeAtOnce,
    async read(name) {
      const copy = storage?.getItem(place + name);
      if (typeof copy === "string") await writeAtOnce(name, JSON.parse(copy) ?? undefined);
      return run("readonly", (store) => store.get(name));
    },
    async forget(person) {
      for (const name of Object.keys(storage ?? {})) {
        if (name.startsWith(place) && isOf(name.slice(place.length), person)) storage?.removeItem(name);
      }
      for (const kind of OF_A_PERSON) {
        const start = `${kind}:${person}:`;
        await run("readwrite", (store) => /** @type {IDBRequest<any>} */ (store.delete(IDBKeyRange.bound(start, `${start}\uffff`))));
      }
    },
  };
}

/** @returns {Notes} */
export function memoryNotes() {
  /** @type {Map<string, any>} */
  const known = new Map();
  /** @param {string} name @param {unknown} value */
  const write = async (name, value) => void known.set(name, value);
  return {
    read: async (name) => known.get(name),
    write,
    writeAtOnce: write,
    async forget(person) {
      for (const name of known.keys()) if (isOf(name, person)) known.delete(name);
    },
  };
}
