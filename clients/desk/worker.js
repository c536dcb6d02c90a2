/**
 * The desk's service worker: keeps the page and what it loads, and nothing else, so that the desk opens without a network.
 * It opens from the cache at once, and looks for a newer one meanwhile, which is there the next time. What is filed, read
 * or signed in with never passes through the cache. Where the browser has Background Sync, it also sends what waits in the
 * outbox once the network is back and no page is open.
 */

import { attempting } from "./attempt.js";
import { sendInBackground, TAG } from "./background.js";
import { randomKey } from "./random-key.js";
import { database, indexedStore } from "./store.js";

/** @typedef {{waitUntil: (promise: Promise<unknown>) => void}} Extendable */
/** @typedef {Extendable & {request: Request, respondWith: (response: Promise<Response>) => void}} FetchLike */

const scope = /** @type {any} */ (globalThis);
const { pathname } = new URL(scope.registration.scope);
const DESK = pathname.replace(/\/$/, "");
const PREFIX = DESK.slice(0, -"/desk".length);
const ASSETS = `${PREFIX}/assets/`;
const CACHE = `desk:${DESK}`;

/** Names of the assets in a page, each with a hash of its content. */
const ASSET = /\/assets\/[a-z]+-[0-9a-f]{10}\.[a-z]+/g;

/** Fetches the page and what it loads, all of it or nothing. */
async function renew() {
  const response = await fetch(DESK, { cache: "no-cache", credentials: "omit", redirect: "error" });
  if (!response.ok || !response.headers.get("content-type")?.startsWith("text/html")) return;
  const page = await response.clone().text();
  const wanted = [...new Set(page.match(ASSET))].map((path) => ASSETS + path.slice("/assets/".length));
  if (!wanted.length) return; // a page of somebody else, such as a captive portal
  const cache = await caches.open(CACHE);
  for (const url of wanted) {
    if (await cache.match(url)) continue;
    const asset = await fetch(url, { credentials: "omit" });
    if (!asset.ok || asset.headers.get("cache-control")?.includes("no-store")) return; // of a node that is older or newer
    await cache.put(url, asset);
  }
  await cache.put(DESK, response);
  for (const { url } of await cache.keys()) {
    const path = new URL(url).pathname;
    if (path !== DESK && !wanted.includes(path)) await cache.delete(url);
  }
}

/** @param {FetchLike} event */
async function page(event) {
  const cached = await (await caches.open(CACHE)).match(DESK);
  if (!cached) return fetch(event.request);
  event.waitUntil(renew().catch(() => {}));
  return cached;
}

/** @param {Request} request */
async function asset(request) {
  return (await (await caches.open(CACHE)).match(request.url)) ?? fetch(request);
}

scope.addEventListener("install", (/** @type {Extendable} */ event) => {
  scope.skipWaiting();
  event.waitUntil(renew());
});

scope.addEventListener("activate", (/** @type {Extendable} */ event) => event.waitUntil(scope.clients.claim()));

scope.addEventListener("fetch", (/** @type {FetchLike} */ event) => {
  const { method, mode, url } = event.request;
  const { origin, pathname: path } = new URL(url);
  if (method !== "GET" || origin !== scope.location.origin) return;
  const isPage = mode === "navigate" && (path === DESK || /^\/[^/.]+$/.test(path.startsWith(DESK) ? path.slice(DESK.length) : ""));
  if (isPage) event.respondWith(page(event));
  else if (path.startsWith(ASSETS)) event.respondWith(asset(event.request));
});

/** @returns {Promise<string | null>} id of the person who is signed in */
async function signedIn() {
  const response = await fetch(`${DESK}/session`, { credentials: "same-origin", cache: "no-store" });
  if (response.status === 401) return null;
  if (response.status !== 200) throw new Error("The service does not say who is signed in");
  return (await response.json()).person.id;
}

async function sendWaiting() {
  const name = `ticker-desk:${PREFIX}`; // as the page calls them: desk.js
  const channel = new BroadcastChannel(name);
  const timers = { set: (/** @type {() => void} */ act, /** @type {number} */ delay) => setTimeout(act, delay), clear: (/** @type {any} */ timer) => clearTimeout(timer) };
  try {
    const sent = await sendInBackground({
      store: indexedStore(database(indexedDB, name)),
      me: randomKey(),
      person: signedIn,
      attempt: attempting(scope.location.origin + PREFIX, (url, init) => fetch(url, init), timers),
      token: randomKey,
      now: Date.now,
      sleep: (delay) => new Promise((resolve) => setTimeout(resolve, delay)),
      onchange: () => channel.postMessage(null), // oxlint-disable-line require-post-message-target-origin -- a channel has none
    });
    if (!sent) throw new Error("Something still waits"); // so that the browser asks again
  } finally {
    channel.close();
  }
}

scope.addEventListener("sync", (/** @type {Extendable & {tag: string}} */ event) => {
  if (event.tag === TAG) event.waitUntil(sendWaiting());
});
