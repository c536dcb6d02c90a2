/**
 * Schedules of what goes wrong between an outbox and its service, made from a seed: two tabs on one database, a network
 * that comes and goes, requests and responses that are lost or late, 503 and 500, tabs that are closed or die.
 *
 * @import { Item, Outcome, Store } from "../../../clients/desk/item.d.ts"
 */

import { IDBFactory } from "fake-indexeddb";
import { compose, sendAgain, unsent } from "../../../clients/desk/outbox.js";
import { sender } from "../../../clients/desk/sender.js";
import { database, indexedStore } from "../../../clients/desk/store.js";

/** What may happen to a request, each as often as the next; the service takes it unless it says otherwise. */
const FATES = /** @type {const} */ ([
  "answered", "answered", "answered", "request lost", "response lost", "request late", "no response",
  "503 before it is kept", "503 after it is kept", "500", "429",
]);

const BAD = "(refused)";

/** @param {number} seed @returns {() => number} uniform in [0, 1): mulberry32 */
export function randomFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z = (z + Math.imul(z ^ (z >>> 7), z | 61)) ^ z;
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The service, as far as an outbox can tell: it keeps what it takes, once for each key. */
class Service {
  /** @type {string[]} */
  log = [];
  /** @type {Map<string, string>} the bytes that each key came with */
  known = new Map();
  /** @type {string[]} */
  faults = [];

  /** @param {Item} item @returns {Outcome} */
  take({ key, change: { body } }) {
    if (body.includes(BAD)) return { is: "refused", problem: { type: "urn:ticker:problem:invalid", status: 422, detail: "text: no" } };
    const before = this.known.get(key);
    if (before === undefined) this.log.push(JSON.parse(body).text);
    else if (before !== body) this.faults.push(`the key ${key} came with ${before}, then with ${body}`);
    this.known.set(key, body);
    return { is: "kept", receipt: { id: key, revision: 1 } };
  }
}

/** Time that passes only when it is told to. */
class Timers {
  now = Date.parse("2026-03-11T14:00:00Z");
  /** @type {Set<{at: number, act: () => void}>} */
  pending = new Set();

  set = (/** @type {() => void} */ act, /** @type {number} */ delay) => {
    const timer = { at: this.now + delay, act };
    this.pending.add(timer);
    return timer;
  };

  clear = (/** @type {any} */ timer) => void this.pending.delete(timer);

  /** Fires the next timer that is due by then, if any. @param {number} until */
  fire(until) {
    const [next] = [...this.pending].sort((one, other) => one.at - other.at);
    if (!next || next.at > until) return false;
    this.pending.delete(next);
    this.now = Math.max(this.now, next.at);
    next.act();
    return true;
  }
}

/**
 * @param {number} seed
 * @param {number} [steps]
 * @returns {Promise<{composed: string[], log: string[], faults: string[], left: Item[], refused: string[], aside: number}>}
 *   aside: how many failed so often that their author had to send them again, out of their order
 */
export async function run(seed, steps = 40) {
  const random = randomFrom(seed);
  /** @template T @param {readonly T[]} choices @returns {T} */
  const pick = (choices) => /** @type {T} */ (choices[Math.floor(random() * choices.length)]);
  const factory = new IDBFactory();
  const service = new Service();
  const timers = new Timers();
  /** @type {string[]} */
  const composed = [];
  /** @type {(() => void)[]} */
  const late = [];
  let online = true;
  let calm = false;
  let names = 0;
  let busy = 0;

  /** Until nothing moves without time passing: IndexedDB works in turns of the event loop. */
  async function quiet() {
    for (let idle = 0; idle < 3; idle = busy ? 0 : idle + 1) await new Promise((resolve) => setImmediate(resolve));
  }

  /** @param {Item} item @returns {Promise<Outcome>} */
  function attempt(item) {
    const fate = calm ? "answered" : online ? pick(FATES) : "request lost";
    /** @type {(outcome: Outcome, apply?: boolean) => Promise<Outcome>} */
    const after = (outcome, apply = false) => {
      if (apply) service.take(item);
      return Promise.resolve(outcome);
    };
    if (fate === "answered") return Promise.resolve(service.take(item));
    if (fate === "response lost") return after({ is: "unknown" }, true);
    if (fate === "503 before it is kept") return after({ is: "unavailable", after: 1 });
    if (fate === "503 after it is kept") return after({ is: "unavailable", after: 1 }, true);
    if (fate === "500") return after({ is: "failed" }, random() < 0.5);
    if (fate === "429") return after({ is: "limited", after: 2 });
    if (fate === "request late") late.push(() => service.take(item));
    if (fate === "no response") {
      if (random() < 0.5) service.take(item);
      busy -= 1; // the tab waits, and the world goes on
      return new Promise((resolve) => timers.set(() => {
        busy += 1;
        resolve({ is: "unknown" });
      }, 10_000));
    }
    return after({ is: "unknown" });
  }

  function tab() {
    const me = `tab${(names += 1)}`;
    const state = { alive: true };
    const store = indexedStore(database(factory, "desk"));
    /** A tab that died does nothing more. @type {Store} */
    const own = {
      async update(change) {
        if (!state.alive) return new Promise(() => {});
        busy += 1;
        try {
          return await store.update(change);
        } finally {
          busy -= 1;
        }
      },
    };
    let tokens = 0;
    const sending = sender({
      store: own,
      me,
      person: () => "lena",
      async attempt(item) {
        busy += 1;
        const outcome = await attempt(item);
        busy -= 1;
        return state.alive ? outcome : new Promise(() => {});
      },
      online: () => online,
      now: () => timers.now,
      random,
      token: () => `${me}-${(tokens += 1)}`,
      timers: { set: (act, delay) => timers.set(() => state.alive && act(), delay), clear: timers.clear },
      onchange: () => {},
      report: (error) => service.faults.push(String(error)),
    });
    return {
      store: own,
      sending,
      async close() {
        await sending.close();
        await quiet();
        state.alive = false;
      },
      die() {
        state.alive = false;
      },
    };
  }

  let tabs = [tab(), tab()];

  async function step() {
    const one = pick(tabs);
    const act = pick(/** @type {const} */ ([
      "compose", "compose", "compose", "wait", "wait", "wait", "online", "offline", "close", "die", "late", "drain", "bad",
    ]));
    if (act === "compose" || act === "bad") {
      const text = act === "bad" ? `${BAD} ${composed.length}` : `${seed}-${composed.length}`;
      const key = `k${(names += 1)}`;
      const change = /** @type {const} */ ({ kind: "file", body: JSON.stringify({ text }) });
      await one.store.update((outbox) => compose(outbox, { key, person: "lena", feed: "breaking", change, now: timers.now }));
      if (act === "compose") composed.push(text);
      one.sending.drain();
    } else if (act === "wait") {
      const until = timers.now + random() * 20_000;
      while (timers.fire(until)) await quiet();
      timers.now = Math.max(timers.now, until);
    } else if (act === "online" || act === "offline") {
      online = act === "online";
      if (online) for (const each of tabs) each.sending.retry();
    } else if (act === "close" || act === "die") {
      if (act === "close") await one.close();
      else one.die();
      tabs = tabs.map((each) => (each === one ? tab() : each));
      for (const each of tabs) each.sending.drain();
    } else if (act === "late") {
      late.shift()?.();
    } else one.sending.drain();
    await quiet();
  }

  for (let n = 0; n < steps; n += 1) await step();

  // The line is back, for good. What stepped aside because the service failed is sent again by its author.
  online = calm = true;
  /** @type {Item[]} */
  let left = [];
  let aside = 0;
  for (let n = 0; n < 50; n += 1) {
    for (const apply of late.splice(0)) apply();
    for (const each of tabs) each.sending.retry();
    await quiet();
    const until = timers.now + 20_000;
    while (timers.fire(until)) await quiet();
    timers.now = until;
    left = await pick(tabs).store.update((outbox) => [outbox, unsent(outbox)]);
    const failed = left.filter(({ state, doubtful }) => state === "refused" && doubtful);
    aside += failed.length;
    for (const { key } of failed) await pick(tabs).store.update((outbox) => sendAgain(outbox, key, "unused", timers.now));
    if (!failed.length && left.every(({ state }) => state === "refused")) break;
  }
  for (const each of tabs) await each.close();
  return {
    composed,
    log: service.log,
    aside,
    faults: service.faults,
    refused: left.filter(({ state }) => state === "refused").map(({ change }) => change.body),
    left: left.filter(({ state }) => state !== "refused"),
  };
}
