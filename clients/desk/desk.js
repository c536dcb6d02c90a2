/**
 * The desk's page: who is here, which feed is open, and the outbox, which belongs to all feeds.
 *
 * @import { Feed } from "./feed-desk.js"
 * @import { Item } from "./item.d.ts"
 */

import { direction } from "../feed/direction.js";
import { requests } from "./api.js";
import { attempting } from "./attempt.js";
import { askForSync } from "./background.js";
import { box as outboxOf } from "./box.js";
import { make, part, write } from "./element.js";
import { feedDesk } from "./feed-desk.js";
import { installWorker } from "./install.js";
import { menu } from "./menu.js";
import { indexedNotes, memoryNotes } from "./notes.js";
import { answerWords } from "./problem-words.js";
import { covers, sessions as sessionsOf } from "./session.js";
import { database, indexedStore, memoryStore } from "./store.js";
import { speak, spoken, words as wordsOf } from "./words.js";

/** Where this browser's choice of a language lies. */
const LANGUAGE = "ticker-desk-language";

/** The service is asked who is signed in at most so often while the stream is not live. Milliseconds. */
const ASK_AGAIN = 5_000;

const block = part("page-data");
/** @type {{base: string}} */
const { base } = JSON.parse(block.textContent ?? "{}");
block.remove();
const prefix = base ? new URL(base).pathname.replace(/\/$/, "") : "";
const [, openFeed = ""] = /^\/desk\/([^/]+)/.exec(location.pathname.slice(prefix.length)) ?? [];
const name = `ticker-desk:${prefix}`;
const words = wordsOf(remembered() ?? document.documentElement.lang);

const { store, notes, lasting } = await storage();
const api = requests(base, () => sessions.current?.person.id ?? null, (status) => {
  if (status === 401 && sessions.current && sessions.confirmed) doubtSession();
});
const sessions = sessionsOf(api, notes);
/** @type {ReturnType<typeof feedDesk> | null} */
let desk = null;
let asked = 0;
let checking = false;
/** Until the service has answered for the first time, or did not. */
let opening = true;
/** The feed was opened as it was known last: what it is now has to be asked. */
let recalled = false;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let asking;

const box = outboxOf({
  store,
  name,
  person: () => sessions.current?.person.id ?? null,
  confirmed: () => sessions.confirmed,
  attempt: attempting(base, (url, init) => fetch(url, init), { set: (act, delay) => setTimeout(act, delay), clear: (timer) => clearTimeout(timer) }),
  onitems(items) {
    desk?.showItems(items);
    trouble();
    const leaves = document.hidden || !navigator.onLine;
    if (leaves && items.some(({ state }) => state === "waiting" || state === "sending")) void askForSync();
  },
  onsettled(item) {
    if (item.why === "signed-out") doubtSession();
    desk?.onsettled(item);
  },
});

function remembered() {
  try {
    return localStorage.getItem(LANGUAGE);
  } catch {
    return null;
  }
}

function localStorageIfAny() {
  try {
    return localStorage;
  } catch {
    return null; // its reader has forbidden it
  }
}

/** IndexedDB, or memory where a browser has none or refuses. */
async function storage() {
  try {
    const using = database(indexedDB, name);
    const notes = indexedNotes(using, localStorageIfAny(), `${name}:`);
    await notes.read("session");
    void navigator.storage?.persist?.(); // asks the browser not to make room at the cost of an outbox
    return { store: indexedStore(using), notes, lasting: true };
  } catch {
    return { store: memoryStore(), notes: memoryNotes(), lasting: false };
  }
}

/** What is wrong with the line, or with this browser. */
function trouble() {
  const offline = !navigator.onLine ? words.you_are_offline : sessions.current && !sessions.confirmed && !opening ? words.service_not_reached : "";
  write(part("trouble"), [offline, lasting ? "" : words.keeps_nothing].filter(Boolean).join(" "));
}

/** @param {"sign-in" | "invitation" | "feeds" | "desk"} which */
function showOnly(which) {
  for (const id of ["sign-in", "invitation", "feeds"]) part(id).hidden = id !== which;
  part("welcome").hidden = which === "desk";
  part("desk").hidden = which !== "desk";
  part("menu").hidden = !sessions.current;
  part("badge").hidden = which !== "desk";
}

/** @returns {Promise<Feed[] | null>} the feeds that can be filed to; those known last, while the service does not answer */
async function feeds() {
  const known = /** @type {Feed[] | undefined} */ (sessions.confirmed ? undefined : await notes.read("feeds"));
  if (known) return known;
  const { status, body } = await api("GET", "/v1/feeds");
  if (status !== 200) return (await notes.read("feeds")) ?? null;
  await notes.write("feeds", body.feeds);
  return body.feeds;
}

const isInvited = () => new URLSearchParams(location.hash.slice(1)).has("invitation");

/** Who was here last can write at once: on a bad line it takes seconds until the service has said who is signed in. */
async function showKnown() {
  const current = await sessions.recall();
  const all = /** @type {Feed[] | undefined} */ (await notes.read("feeds"));
  if (current && !isInvited() && covers(current, openFeed) && all?.some(({ name: each }) => each === openFeed)) {
    recalled = true;
    await show();
  }
}

async function show() {
  const { current } = sessions;
  const invited = isInvited();
  if (!current || invited) {
    showOnly(invited ? "invitation" : "sign-in");
    if (!invited) part("key").focus();
    return trouble();
  }
  const all = (await feeds())?.filter((feed) => covers(current, feed.name));
  const feed = all?.find((each) => each.name === openFeed) ?? (openFeed && !all ? { name: openFeed, title: openFeed, language: words.language } : undefined);
  if (feed) await open(feed);
  else listFeeds(all ?? []);
  trouble();
  await box.show();
  void box.retry();
}

/** A feed that was opened as it was known last may have other editions now, or be gone. */
async function renewFeed() {
  if (!recalled || !sessions.confirmed) return;
  recalled = false;
  const all = await feeds();
  const now = all?.find((each) => each.name === openFeed);
  if (now) desk?.renew(now);
  else if (all) location.reload(); // which lists what there is
}

/** @param {Feed[]} all */
function listFeeds(all) {
  showOnly("feeds");
  part("no-feeds").hidden = all.length > 0 && !openFeed;
  write(part("no-feeds"), openFeed && all.length ? words.no_such_feed : words.no_feeds);
  part("feed-list").replaceChildren(...all.map((feed) =>
    make("li", {}, make("a", { href: `${base}/desk/${feed.name}`, lang: feed.language, dir: direction(feed.language) },
      feed.title, feed.rehearsal ? make("b", { className: "rehearsal", lang: words.language, dir: words.direction }, words.rehearsal) : null))));
}

/** @param {Feed} feed */
async function open(feed) {
  showOnly("desk");
  if (desk) return desk.wake();
  document.title = `${feed.title} · ${words.desk}`;
  const title = part("feed-title");
  title.lang = feed.language;
  title.dir = direction(feed.language);
  write(title, feed.title);
  part("rehearsal").hidden = !feed.rehearsal;
  document.body.classList.toggle("rehearses", Boolean(feed.rehearsal));
  desk = feedDesk({
    base, feed, words, api, notes, sessions, box,
    onstatus({ name: status }) {
      // A session that ended elsewhere ends the stream without a word.
      const fine = sessions.confirmed && (status === "live" || status === "off-air");
      if (fine || Date.now() - asked < ASK_AGAIN) return;
      asked = Date.now();
      void ask();
    },
  });
  desk.focus();
}

/** It ended, or somebody else signed in here, in another tab: nothing is sent until the service has said which. */
function doubtSession() {
  sessions.confirmed = false;
  void ask();
}

async function ask() {
  const was = sessions.current?.person.id;
  if (checking || was === undefined) return;
  checking = true;
  await sessions.resume();
  checking = opening = false;
  if (!sessions.current) await signedOut();
  else if (sessions.current.person.id !== was) location.reload();
  else {
    void box.retry();
    void renewFeed();
  }
  trouble();
  // The stream may be live again before the answer came: nothing is sent until it has.
  clearTimeout(asking);
  if (sessions.current && !sessions.confirmed) asking = setTimeout(() => void ask(), ASK_AGAIN);
}

/** What is half written and what waits stays, hidden, until its author is back. */
async function signedOut() {
  if (!part("sign-in").hidden) return;
  await sessions.ended();
  desk?.sleep();
  showOnly("sign-in");
  write(part("sign-in-error"), words.session_ended);
  part("key").focus();
}

/** @param {HTMLFormElement} form @param {() => {key: string} | {invitation: string} | null} secret @param {HTMLElement} error @param {string} wrong */
function signingIn(form, secret, error, wrong) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const given = secret();
    if (!given) return;
    write(error, "");
    const submit = /** @type {HTMLButtonElement} */ (form.querySelector("[type=submit]"));
    submit.disabled = true;
    const was = sessions.last;
    const answer = await sessions.begin(given);
    submit.disabled = false;
    if (answer.status !== 201) {
      write(error, [401, 404, 410, 422].includes(answer.status) ? wrong : answerWords(words, answer));
      if ("key" in given) part("key").focus();
      else if ([404, 410].includes(answer.status)) part("sign-in").hidden = false;
      return;
    }
    form.reset();
    if ("invitation" in given) history.replaceState(null, "", location.pathname);
    // What somebody else had open, or half written, is not for this one.
    if (desk && was !== sessions.last) return location.reload();
    const before = desk;
    await show();
    if (before) desk?.focus();
  });
}

const signIn = /** @type {HTMLFormElement} */ (part("sign-in"));
const key = /** @type {HTMLInputElement} */ (part("key"));
signingIn(signIn, () => (key.value.trim() ? { key: key.value.trim() } : null), part("sign-in-error"), words.wrong_key);
signingIn(/** @type {HTMLFormElement} */ (part("invitation")), () => {
  const invitation = new URLSearchParams(location.hash.slice(1)).get("invitation");
  return invitation ? { invitation } : null;
}, part("invitation-error"), words.problems["invitation-ended"]);

part("menu").addEventListener("click", () => {
  const { current } = sessions;
  if (!current) return;
  menu({
    words, base, api, session: current,
    feed: desk ? openFeed : null,
    air: desk?.air() ?? null,
    setAir: async (air) => (await desk?.setAir(air)) ?? false,
    speak(language) {
      try {
        localStorage.setItem(LANGUAGE, spoken(language));
      } catch {
        // It speaks the language of the browser again next time.
      }
      location.reload();
    },
    async signOut() {
      const waiting = await store.update((outbox) => [outbox, outbox.items.some((/** @type {Item} */ { state, person }) => state !== "kept" && person === current.person.id)]);
      if (waiting && !confirm(words.sign_out_waiting)) return;
      const answer = await sessions.end();
      if (answer.status !== 204 && answer.status !== 401) return write(part("trouble"), answerWords(words, answer));
      location.assign(`${base}/desk`);
    },
  });
});

// Somebody may have signed in, or out, in another tab while this page was hidden.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) void box.show();
  else void ask();
});

for (const event of ["online", "offline"]) {
  addEventListener(event, () => {
    trouble();
    void box.show();
    if (event === "online" && sessions.current && !sessions.confirmed) void ask();
  });
}

document.documentElement.lang = words.language;
document.documentElement.dir = words.direction;
speak(document, words);
await showKnown();
if (desk) await ask();
else {
  await sessions.resume();
  opening = false;
  await show();
  if (sessions.current && !sessions.confirmed) asking = setTimeout(() => void ask(), ASK_AGAIN);
}
installWorker(base);
