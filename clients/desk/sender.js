/**
 * Sends what lies in the outbox, one after another, whenever there is a chance: when something is composed, when the
 * page is opened, shown or online again, and after a wait. Of several tabs the one with the lease sends.
 *
 * @import { Item, Outcome, Store } from "./item.d.ts"
 */

import { release, settle, take } from "./outbox.js";

/** The first wait after a failed attempt is at most this, then twice as long each time. Milliseconds. */
const FIRST_WAIT = 1_000;

/** Nobody waits longer for the line to come back, as no event can be relied on to tell. Milliseconds. */
const LONGEST_WAIT = 15_000;

/** A tab looks after a lease a little later than it ends. Milliseconds. */
const MARGIN = 250;

/**
 * Takes what is to be sent now, sends it, and records how that ended.
 *
 * @param {Pick<World, "store" | "me" | "attempt" | "token" | "now">} world
 * @param {string} person who is signed in
 * @param {(settled?: Item) => void} onchange the outbox has changed: one is under way, has ended, or has grown too old
 * @returns {Promise<{outcome: Outcome, item: Item | undefined} | number | null>} milliseconds until another tab's lease is
 *   over, or null if nothing is to be sent
 */
export async function sendOne({ store, me, attempt, token, now }, person, onchange) {
  const attemptToken = token();
  const { taken, changed } = await store.update((outbox) => {
    const [after, taken] = take(outbox, { person, me, token: attemptToken, now: now() });
    return [after, { taken, changed: after.items.length !== outbox.items.length || after.items.some((item, n) => item !== outbox.items[n]) }];
  });
  if (changed) onchange();
  if (taken === null) return null;
  if (typeof taken === "number") return taken + MARGIN;
  const outcome = await attempt(taken);
  // Even a closed tab records what it learned.
  const item = await store.update((outbox) => settle(outbox, { key: taken.key, token: attemptToken, outcome, now: now() }));
  onchange(item);
  return { outcome, item };
}

/** Return true if the next one may go: this one is kept, or stepped aside. @param {Outcome} outcome @param {Item | undefined} item */
export const isOver = (outcome, item) => outcome.is === "kept" || outcome.is === "refused" || item?.state === "refused";

/**
 * @typedef {object} World
 * @property {Store} store
 * @property {string} me names this tab
 * @property {() => string | null} person id of the one who is signed in here
 * @property {(item: Item) => Promise<Outcome>} attempt
 * @property {() => boolean} online false when there is certainly no network: then nothing is attempted
 * @property {() => number} now
 * @property {() => number} random
 * @property {() => string} token
 * @property {{set: (act: () => void, delay: number) => unknown, clear: (handle: any) => void}} timers
 * @property {(settled?: Item) => void} onchange the outbox has changed; with the item whose attempt has ended
 * @property {(error: unknown) => void} report
 *
 * @param {World} world
 */
export function sender({ store, me, person, attempt, online, now, random, token, timers, onchange, report }) {
  let running = false;
  let wanted = false;
  let closed = false;
  let failures = 0;
  /** @type {unknown} */
  let timer;

  /** Sends as long as something can be sent. */
  async function drain() {
    wanted = true;
    if (running || closed) return;
    running = true;
    timers.clear(timer);
    try {
      const more = () => wanted && !closed;
      while (more()) {
        wanted = false;
        const wait = await sendAll();
        if (wait === null || closed) continue;
        // What was added meanwhile, such as a kill, must not wait long; but what just failed is not sent again at once.
        timers.clear(timer);
        timer = timers.set(drain, wanted ? Math.min(wait, FIRST_WAIT) : wait);
        break;
      }
    } catch (error) {
      // The store failed: what lies in it is still there.
      report(error);
      if (!closed) timer = timers.set(drain, LONGEST_WAIT);
    } finally {
      running = false;
    }
  }

  /** @returns {Promise<number | null>} milliseconds until there is another chance, or null if there is nothing to do */
  async function sendAll() {
    for (;;) {
      const who = person();
      if (closed || who === null) return null; // signing in drains
      if (!online()) return LONGEST_WAIT; // so does the network's return, where the browser tells of it
      const sent = await sendOne({ store, me, attempt, token, now }, who, onchange);
      if (sent === null || typeof sent === "number") return sent;
      const { outcome, item } = sent;
      if (outcome.is === "signed-out") {
        await store.update((outbox) => release(outbox, me)); // the next person who signs in need not wait for this one
        return null;
      }
      if (isOver(outcome, item)) {
        if (outcome.is === "kept" || outcome.is === "refused") failures = 0;
        continue;
      }
      failures += 1;
      const least = "after" in outcome ? outcome.after * 1000 : 0;
      return least + random() * Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (failures - 1));
    }
  }

  return {
    drain,
    /** There is a new chance: nothing that failed before says anything about it. */
    retry() {
      failures = 0;
      return drain();
    },
    /** Stops, and lets another tab send at once. */
    async close() {
      closed = true;
      timers.clear(timer);
      if (!running) await store.update((outbox) => release(outbox, me)).catch(report);
    },
    /** After close: the page was shown again. */
    open() {
      closed = false;
      return drain();
    },
  };
}
