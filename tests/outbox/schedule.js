/**
 * One schedule against a real service: node tests/outbox/schedule.js URL FEED KEY SEED
 *
 * Two tabs send, and now and then the service worker in the background. Prints what it composed, as a line of JSON, once nothing is left to send. Time runs faster than the wall: what the sender
 * waits for is divided by FASTER, and so is a lease.
 */

import { IDBFactory } from "fake-indexeddb";
import { attempting } from "../../clients/desk/attempt.js";
import { sendInBackground } from "../../clients/desk/background.js";
import { compose, unsent } from "../../clients/desk/outbox.js";
import { sender } from "../../clients/desk/sender.js";
import { database, indexedStore } from "../../clients/desk/store.js";
import { randomFrom } from "../clients/desk/schedule.js";

const FASTER = 20;
const STEPS = 25;

/** Give up, and fail, if what waits is not gone by then. Milliseconds. */
const LIMIT = 60_000;

const [url = "", feed = "", key = "", seed = "1"] = process.argv.slice(2);
const random = randomFrom(Number(seed));
/** @template T @param {readonly T[]} choices @returns {T} */
const pick = (choices) => /** @type {T} */ (choices[Math.floor(random() * choices.length)]);
const sleep = (/** @type {number} */ time) => new Promise((resolve) => setTimeout(resolve, time));
const factory = new IDBFactory();
const started = performance.now();
/** Faster than the wall, and as high, since the age of a dispatch is counted by it. */
const now = () => Math.round(Date.now() + (performance.now() - started) * (FASTER - 1));

let online = true;
let calm = false;
let names = 0;
const counts = { attempts: 0, background: 0, "request lost": 0, "response lost": 0, "cut off": 0, closed: 0, died: 0 };

/** The network between a tab and the service. @type {import("../../clients/desk/attempt.js").Fetch} */
async function network(target, init) {
  counts.attempts += 1;
  const headers = { ...init.headers, authorization: `Bearer ${key}` };
  const send = (/** @type {AbortSignal | null | undefined} */ signal) =>
    fetch(target, { method: String(init.method), headers, body: /** @type {string} */ (init.body), signal: signal ?? null });
  if (!online) throw new TypeError("no network");
  const fate = calm ? "answered" : pick(/** @type {const} */ (["answered", "answered", "answered", "request lost", "response lost", "cut off"]));
  if (fate === "answered") return send(init.signal);
  counts[fate] += 1;
  if (fate === "request lost") throw new TypeError("the request was lost");
  if (fate === "cut off") {
    // Perhaps before the service has it, perhaps after.
    const stop = new AbortController();
    setTimeout(() => stop.abort(), random() * 6);
    return send(stop.signal);
  }
  await send(null).catch(() => {});
  throw new TypeError("the response was lost");
}

function tab() {
  const me = `tab${(names += 1)}`;
  const state = { alive: true };
  const store = indexedStore(database(factory, "desk"));
  /** @type {import("../../clients/desk/item.d.ts").Store} */
  const own = { update: (change) => (state.alive ? store.update(change) : new Promise(() => {})) };
  const timers = {
    set: (/** @type {() => void} */ act, /** @type {number} */ delay) => setTimeout(() => state.alive && act(), delay / FASTER),
    clear: (/** @type {any} */ timer) => clearTimeout(timer),
  };
  // A response of the real service takes real time.
  const attempt = attempting(url, network, { set: (act, delay) => setTimeout(act, delay / 2), clear: timers.clear });
  const sending = sender({
    store: own,
    me,
    person: () => "lena",
    async attempt(item) {
      const outcome = await attempt(item);
      return state.alive ? outcome : new Promise(() => {});
    },
    online: () => online,
    now,
    random,
    token: () => `${me}-${(names += 1)}`,
    timers,
    onchange: () => {},
    onidle: () => {},
    report: (error) => {
      throw error;
    },
  });
  return { store: own, sending, state };
}

/** The service worker, which the browser asks to send, and may end at any moment. */
async function background() {
  counts.background += 1;
  const me = `worker${(names += 1)}`;
  const ends = random() < 0.3 ? performance.now() + random() * 20 : Infinity;
  const alive = () => performance.now() < ends;
  const never = () => new Promise(() => {});
  const store = indexedStore(database(factory, "desk"));
  const attempt = attempting(url, network, { set: (act, delay) => setTimeout(act, delay / 2), clear: (/** @type {any} */ timer) => clearTimeout(timer) });
  await sendInBackground({
    store: { update: (change) => (alive() ? store.update(change) : never()) },
    me,
    person: async () => "lena",
    async attempt(item) {
      const outcome = await attempt(item);
      return alive() ? outcome : never();
    },
    token: () => `${me}-${(names += 1)}`,
    now,
    sleep: (delay) => sleep(delay / FASTER),
    onchange: () => {},
  });
}

let tabs = [tab(), tab()];
/** @type {string[]} */
const composed = [];
for (let step = 0; step < STEPS; step += 1) {
  const one = pick(tabs);
  const act = pick(/** @type {const} */ (["compose", "compose", "compose", "wait", "wait", "offline", "online", "close", "die", "background"]));
  if (act === "compose") {
    const text = `Dispatch ${composed.length} of schedule ${seed}`;
    const change = /** @type {const} */ ({ kind: "file", body: JSON.stringify({ text }) });
    await one.store.update((outbox) => compose(outbox, { key: `${seed}-${started}-${(names += 1)}`, person: "lena", feed, change, now: now() }));
    composed.push(text);
    void one.sending.drain();
  } else if (act === "wait") await sleep(random() * 60);
  else if (act === "background") void background();
  else if (act === "offline" || act === "online") {
    online = act === "online";
    if (online) for (const each of tabs) void each.sending.retry();
  } else {
    if (act === "close") {
      counts.closed += 1;
      await one.sending.close();
    } else counts.died += 1;
    one.state.alive = false;
    tabs = tabs.map((each) => (each === one ? tab() : each));
    for (const each of tabs) void each.sending.drain();
  }
}

online = calm = true;
for (;;) {
  for (const each of tabs) void each.sending.retry();
  await sleep(50);
  const [first] = tabs;
  const left = first ? await first.store.update((outbox) => [outbox, unsent(outbox)]) : [];
  if (!left.length) break;
  if (left.some(({ state }) => state === "refused" || state === "old") || performance.now() - started > LIMIT) {
    console.log(JSON.stringify({ composed, counts, left }));
    process.exit(1);
  }
}
console.log(JSON.stringify({ composed, counts, left: [] }));
process.exit(0);
