/**
 * Where the outbox lies: IndexedDB, which survives the page, the browser and a restart of the phone. Whole states go in
 * and out in one transaction, which is what makes two tabs one sender.
 *
 * @import { Item, Lease, Outbox, Store } from "./item.d.ts"
 */

import { EMPTY } from "./outbox.js";

const VERSION = 1;
const LEASE = "sender";

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
export const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/**
 * @param {IDBFactory} factory
 * @param {string} name of the database; one service has one, whichever tab opens it
 * @returns {Promise<IDBDatabase>}
 */
export async function openDatabase(factory, name) {
  const request = factory.open(name, VERSION);
  request.onupgradeneeded = () => {
    request.result.createObjectStore("items", { keyPath: "key" });
    request.result.createObjectStore("lease");
    request.result.createObjectStore("notes"); // what the desk remembers besides: notes.js
  };
  const database = await done(request);
  database.onversionchange = () => database.close(); // a newer desk in another tab must not wait for this one
  return database;
}

/**
 * A database that is opened again when the browser took it away, as Safari does with pages that slept.
 *
 * @param {IDBFactory} factory
 * @param {string} name
 */
export function database(factory, name) {
  /** @type {Promise<IDBDatabase> | undefined} */
  let open;

  /** @template T @param {(database: IDBDatabase) => Promise<T>} use @returns {Promise<T>} */
  return async function using(use) {
    open ??= openDatabase(factory, name);
    try {
      return await use(await open);
    } catch (error) {
      open = undefined;
      if (/** @type {Error} */ (error)?.name !== "InvalidStateError") throw error;
      open = openDatabase(factory, name);
      return use(await open);
    }
  };
}

/**
 * @param {ReturnType<typeof database>} using
 * @returns {Store}
 */
export function indexedStore(using) {
  return {
    update: (change) =>
      using(
        (database) =>
          new Promise((resolve, reject) => {
            const transaction = database.transaction(["items", "lease"], "readwrite", { durability: "strict" });
            const [items, lease] = [transaction.objectStore("items"), transaction.objectStore("lease")];
            /** @type {unknown} */
            let failure;
            /** @type {any} */
            let result;
            transaction.oncomplete = () => resolve(result);
            transaction.onerror = transaction.onabort = () => reject(failure ?? transaction.error);
            const every = /** @type {IDBRequest<Item[]>} */ (items.getAll());
            const held = /** @type {IDBRequest<Lease | undefined>} */ (lease.get(LEASE));
            held.onsuccess = () => {
              try {
                const before = { items: every.result, lease: held.result ?? null };
                const [after, found] = change(before);
                result = found;
                write(before, after, items, lease);
              } catch (error) {
                failure = error;
                transaction.abort();
              }
            };
          }),
      ),
  };
}

/** @param {Outbox} before @param {Outbox} after @param {IDBObjectStore} items @param {IDBObjectStore} lease */
function write(before, after, items, lease) {
  const wanted = new Set(after.items.map(({ key }) => key));
  for (const { key } of before.items) if (!wanted.has(key)) items.delete(key);
  for (const item of after.items) if (!before.items.includes(item)) items.put(item);
  if (after.lease === before.lease) return;
  if (after.lease) lease.put(after.lease, LEASE);
  else lease.delete(LEASE);
}

/** For a browser that keeps nothing, as some do in private windows: the page says so. @returns {Store} */
export function memoryStore() {
  let outbox = EMPTY;
  return {
    async update(change) {
      const [after, result] = change(outbox);
      outbox = after;
      return result;
    },
  };
}
