/**
 * The outbox of this page: store, sender, and the tabs beside it, which hear of each change.
 *
 * @import { Change, Fields, Item, Outcome, Store } from "./item.d.ts"
 */

import { compose, discard, edit, find, forget, forgetKilled, sendAgain, takeBack } from "./outbox.js";
import { randomKey } from "./random-key.js";
import { sender } from "./sender.js";

/**
 * The name of this tab, under which it holds the lease. A page passes it to the next one in its tab, which need not wait for the
 * lease of a page that is gone. It lies in the tab's storage only between the two, so that a duplicated tab gets another.
 *
 * @param {string} place
 */
function tabName(place) {
  try {
    const given = sessionStorage.getItem(place);
    sessionStorage.removeItem(place);
    return given ?? randomKey();
  } catch {
    return randomKey();
  }
}

/** @param {string} place @param {string} me */
function passOn(place, me) {
  try {
    sessionStorage.setItem(place, me);
  } catch {
    // The next page waits until the lease is over.
  }
}

/**
 * @typedef {ReturnType<typeof box>} Box
 *
 * @param {object} world
 * @param {Store} world.store
 * @param {string} world.name of the channel between tabs
 * @param {() => string | null} world.person who composes; null while nobody is signed in
 * @param {() => boolean} world.confirmed whether the service has said so: nothing is sent before
 * @param {(item: Item) => Promise<Outcome>} world.attempt
 * @param {(items: Item[]) => void} world.onitems shows what lies in it
 * @param {(item: Item) => void} world.onsettled an attempt of this tab has ended
 */
export function box({ store, name, person, confirmed, attempt, onitems, onsettled }) {
  const channel = new BroadcastChannel(name);
  const me = tabName(name);
  const sending = sender({
    store,
    me,
    person: () => (confirmed() ? person() : null),
    attempt,
    online: () => navigator.onLine,
    now: Date.now,
    random: Math.random,
    token: randomKey,
    timers: { set: (act, delay) => setTimeout(act, delay), clear: (timer) => clearTimeout(timer) },
    onchange(settled) {
      void tell();
      if (settled) onsettled(settled);
    },
    report: (error) => reportError(error),
  });

  async function show() {
    const items = await store.update((outbox) => {
      const fresh = forget(outbox, Date.now());
      return [fresh, fresh.items];
    });
    onitems([...items].sort((one, other) => one.seq - other.seq));
  }

  async function tell() {
    channel.postMessage(null); // oxlint-disable-line require-post-message-target-origin -- a channel has none
    await show();
  }

  /** @template T @param {Parameters<typeof store.update<T>>[0]} change */
  async function changed(change) {
    const result = await store.update(change);
    await tell();
    void sending.drain();
    return result;
  }

  channel.onmessage = () => {
    void show();
    void sending.drain();
  };
  addEventListener("online", () => sending.retry());
  document.addEventListener("visibilitychange", () => document.hidden || sending.retry());
  addEventListener("pagehide", () => {
    passOn(name, me);
    void sending.close();
  });
  addEventListener("pageshow", (event) => event.persisted && sending.open());

  return {
    show,
    drain: sending.drain,
    retry: sending.retry,
    /**
     * @param {string} feed
     * @param {Change} change
     * @param {Fields} [then] a correction that follows as soon as it is kept
     * @returns {Promise<boolean>} false if the outbox is full
     */
    async add(feed, change, then) {
      const who = person();
      if (who === null) return false;
      const followUp = then && { key: randomKey(), edit: then };
      const composed = { key: randomKey(), person: who, feed, change, now: Date.now(), ...(followUp && { followUp }) };
      return changed((outbox) => compose(outbox, composed));
    },
    /** @param {string} key @param {Fields} fields */
    edit: (key, fields) => changed((outbox) => edit(outbox, key, fields, randomKey())),
    /** @param {string} key @param {string} reason */
    takeBack: (key, reason) => changed((outbox) => takeBack(outbox, key, { reason, fresh: randomKey() })),
    /** @param {string} key */
    sendAgain: (key) => changed((outbox) => sendAgain(outbox, key, randomKey(), Date.now())),
    /** @param {string} key */
    discard: (key) => changed((outbox) => discard(outbox, key)),
    /** @param {string} id of a dispatch that was killed */
    async killed(id) {
      if (await store.update((outbox) => forgetKilled(outbox, id))) await tell();
    },
    /** @param {string} key */
    find: (key) => store.update((outbox) => [outbox, find(outbox, key)]),
  };
}
