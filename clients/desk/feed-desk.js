/**
 * The desk of one feed: the wire, the outbox and the form beside it, and the acts that tie them together.
 *
 * @import { Change as FeedChange, Following } from "../feed/follow.js"
 * @import { FeedState, Frame, UsableDispatch } from "../feed/frames.d.ts"
 * @import { Answer, Api } from "./api.js"
 * @import { Box } from "./box.js"
 * @import { Correcting } from "./correct.js"
 * @import { Fields, Item } from "./item.d.ts"
 * @import { Notes } from "./notes.js"
 * @import { Sessions } from "./session.js"
 * @import { DeskFrame, Filed, Flash } from "./stream.js"
 * @import { Words } from "./words.js"
 */

import { browser } from "../feed/browser.js";
import { direction } from "../feed/direction.js";
import { pinIsMissing } from "../feed/fold.js";
import { follow } from "../feed/follow.js";
import { announcer } from "../reader/announce.js";
import { badge } from "../reader/badge.js";
import { interaction } from "../reader/interaction.js";
import { fetchDispatch, retrying } from "../reader/requests.js";
import { present } from "../reader/screen.js";
import { times } from "../reader/times.js";
import { say } from "../reader/words.js";
import { named } from "./api.js";
import { composer } from "./composer.js";
import { correct, versionOf } from "./correct.js";
import { outboxDecisions } from "./decisions.js";
import { part, write } from "./element.js";
import { heldDesk } from "./held.js";
import { askReason, inWords } from "./kill.js";
import { notice } from "./notices.js";
import { outboxView } from "./outbox-view.js";
import { answerWords } from "./problem-words.js";
import { deliveries, receiptLine } from "./receipt.js";
import { fromAudit } from "./refile.js";
import { isEditor } from "./session.js";
import { siblingFeeds } from "./siblings.js";
import { deskWorld } from "./stream.js";
import { wire } from "./wire.js";
import { readerWords, words as wordsOf } from "./words.js";

/** Dispatches kept on the page, and how often "2 min" is looked at again. */
const LIMIT = 100;
const REPAINT = 15_000;

/**
 * @typedef {object} Feed what `GET /v1/feeds` says of one
 * @property {string} name
 * @property {string} title
 * @property {string} language
 * @property {boolean} [rehearsal]
 * @property {{name: string, title: string, language: string}[]} [editions]
 *
 * @typedef {object} Context
 * @property {string} base
 * @property {Feed} feed
 * @property {Words} words
 * @property {Api} api
 * @property {Notes} notes
 * @property {Sessions} sessions
 * @property {Box} box
 * @property {(status: import("../feed/freshness.js").Status) => void} onstatus
 *
 * @param {Context} context
 */
export function feedDesk({ base, feed, words, api, notes, sessions, box, onstatus }) {
  const { name, language } = feed;
  const path = `/v1/feeds/${encodeURIComponent(name)}`;
  const { timers } = browser();
  const list = part("wire");
  list.lang = language;
  list.dir = direction(language);
  let skew = 0;
  /** All that are known, as the outbox is that of all. @type {Feed[]} */
  let feeds = [];
  const known = (/** @type {string} */ other) => (other === name ? feed : feeds.find((each) => each.name === other));
  const languageOf = (/** @type {string} */ other) => known(other)?.language ?? words.language;
  /** @type {Item[]} */
  let items = [];
  /** @type {{filed: Record<string, Filed>, flashes: Flash[]}} */
  const desk = { filed: {}, flashes: [] };
  /** @type {Correcting | null} */
  let correcting = null;
  /** @type {FeedState | undefined} */
  let shown;
  /** @type {Following} */
  let following; // oxlint-disable-line prefer-const -- it reports its first status before it is returned

  const clock = times(readerWords(words.language), () => Date.now() - skew);
  const readersClock = times(readerWords(language), () => Date.now() - skew);
  const indicator = badge({ badge: part("badge"), word: part("badge-word") }, readerWords(words.language));
  const voice = announcer({ polite: part("said"), alert: part("alarm") }, readerWords(words.language), timers, clock.hour);
  const state = () => following.state;
  const dispatches = () => state().dispatches;
  const usable = (/** @type {string} */ id) => /** @type {UsableDispatch | undefined} */ ([...dispatches(), state().pinned_dispatch].find((each) => each?.id === id && each.status === "usable"));

  const rows = wire(list, {
    words,
    setting: { words: readerWords(language), feed: name, base, language, direction: direction(language) },
    times: readersClock,
    rights: () => ({ editor: isEditor(sessions.current), person: sessions.current?.person.id ?? "" }),
    desk: () => ({ ...desk, items, hour: clock.hour }),
    acts: { correct: beginCorrection, kill: beginKill, pin, confirm, refile },
  });
  const held = heldDesk({ words, api, path, told });
  const reports = deliveries(api, () => void box.show());
  const isInteracting = interaction(list, timers, () => shown && shown !== state() && mode() === "follow" && show(null));
  const form = composer({
    words, base, feed: name, language, notes,
    person: sessions.current?.person.id ?? "",
    dispatches: () => (following ? dispatches() : []),
    now: () => Date.now() - skew,
    async file(fields, note) {
      const added = await box.add(name, { kind: "file", body: JSON.stringify(fields) }, note ? { note } : undefined);
      return added ? null : notAdded();
    },
    save: async ({ key }, fields) => ((await box.edit(key, fields)) ? null : words.already_kept),
  });
  const siblings = siblingFeeds({ words, base, feed, api, kill, write: form.write, told });
  const decisions = outboxDecisions({ words, api, box, languageOf, ahead: () => skew, hour: clock.hour, told, beginCorrection });
  const outbox = outboxView({
    words, base, feed: name, languageOf, titleOf: (other) => known(other)?.title ?? other, box,
    online: () => navigator.onLine,
    receipt: (item) => receiptLine(words, item, reports.of(item.receipt?.id ?? "")),
    after: siblings.links,
    textOf: (id) => {
      const found = following && usable(id);
      return found ? inWords(found) : "";
    },
    edit: (item) => form.edit(item, say(words.editing, { time: clock.hour(new Date(item.written).toISOString()) })),
    takeBack: decisions.takeBack,
    compare: (item) => void decisions.compare(item),
    look: (item) => void decisions.look(item),
  });

  const pinned = retrying(
    async () => fetchDispatch(base + path, state().pinned ?? ""),
    (found) => {
      if (found) following.learn(found);
      show(null);
    },
  );

  /** @returns {"hold" | "follow"} */
  const mode = () => (isInteracting() ? "hold" : "follow");

  /** @param {Frame | null} frame @param {"hold" | "follow"} [how] */
  function show(frame, how = mode()) {
    const screen = present(shown ?? state(), frame, state(), how, LIMIT);
    shown = screen.shown;
    rows.show(shown);
    part("nothing").hidden = shown.position === null || shown.dispatches.length > 0;
    const fresh = part("fresh");
    fresh.hidden = screen.waiting === 0;
    write(fresh, screen.waiting ? say(readerWords(words.language).new, { n: screen.waiting }) : "");
  }

  /** @param {FeedChange} change */
  function onchange(change) {
    const { frame, previous } = change;
    skew = change.skew;
    shown ??= previous;
    indicator.show(change.status, change.watching, false, words.closed);
    onstatus(change.status);
    if (!frame) return voice.status(change.status);
    if (!following) return; // the first one, while it is being made
    show(frame);
    if (frame.type === "snapshot") voice.outlast(frame);
    voice.announce(frame, previous);
    if (frame.type === "kill") killed(frame.id, previous);
    if (frame.type === "dispatch" && correcting?.id === frame.dispatch.id && frame.dispatch.status === "usable") correcting.changed(versionOf(frame.dispatch));
    if (frame.type === "snapshot") reconcile();
    if (frame.type === "beat") void pinned.retry();
    if (frame.type === "pin" || frame.type === "snapshot") void (pinIsMissing(state()) ? pinned.send() : pinned.cancel());
    if (frame.type !== "beat") {
      form.update();
      form.listSources();
      void box.show();
    }
  }

  /** A killed text is nowhere on the page, nor in this browser. @param {string} id @param {FeedState} previous */
  function killed(id, previous) {
    const was = previous.dispatches.find((each) => each.id === id);
    if (was?.status === "usable") form.forget(was.text);
    if (correcting?.id === id) {
      correcting.gone();
      correcting = null;
      notice(words.killed_meanwhile, words.dismiss);
    }
    const open = document.querySelector(`dialog[data-about="${id}"]`);
    if (open) /** @type {HTMLDialogElement} */ (open).close();
    void box.killed(id);
  }

  /** After a snapshot nobody says what was killed before it. */
  function reconcile() {
    for (const each of dispatches()) {
      if (each.status === "killed") void box.killed(each.id);
      else if (correcting?.id === each.id) correcting.changed(versionOf(each));
    }
  }

  /** @param {DeskFrame} frame */
  function ondesk(frame) {
    if (frame.kind === "presence") {
      const others = frame.people.filter(({ id }) => id !== sessions.current?.person.id).map((each) => each.name);
      part("people").hidden = others.length === 0;
      write(part("people"), others.length ? say(words.at_desk, { names: new Intl.ListFormat(words.language, { type: "unit" }).format(others) }) : "");
    } else if (frame.kind === "held") held.show(frame.held);
    else if (frame.kind === "flash") desk.flashes = frame.flashes;
    else if (frame.kind === "filed") desk.filed = frame.filed;
    else if (frame.kind === "delivery") reports.learn(frame.id, frame.delivery);
    if (following && shown && (frame.kind === "flash" || frame.kind === "filed")) rows.show(shown);
  }

  /** @param {Answer} answer @param {string} [what] said if it worked */
  function told(answer, what) {
    const worked = answer.status >= 200 && answer.status < 300;
    if (!worked) notice(answerWords(words, answer), words.dismiss);
    else if (what) write(part("said"), what);
    return worked;
  }

  /** Why the outbox took none. */
  const notAdded = () => (sessions.current ? words.outbox_full : words.why_signed_out);

  /** @param {UsableDispatch} dispatch @param {{mine?: Fields, instead?: string}} [given] */
  function beginCorrection(dispatch, { mine, instead } = {}) {
    const given = { ...(mine && { mine }), leave: () => void (instead && box.discard(instead)) };
    correcting = correct(words, versionOf(dispatch), async (changes, revision) => {
      if (!(await box.add(name, { kind: "correct", id: dispatch.id, revision, body: JSON.stringify(changes) }))) return notAdded();
      correcting = null;
      if (instead) await box.discard(instead);
      return null;
    }, given);
    return correcting;
  }

  /** @param {UsableDispatch} dispatch */
  function beginKill(dispatch) {
    askReason(words, {
      title: words.kill_title, text: inWords(dispatch), language: dispatch.language, feedLanguage: language, act: words.kill,
    }, (reason) => void kill(name, dispatch.id, reason));
    document.querySelector("dialog[open]")?.setAttribute("data-about", dispatch.id);
  }

  /** @param {string} feed @param {string} id @param {string} reason */
  async function kill(feed, id, reason) {
    try {
      if (!(await box.add(feed, { kind: "kill", id, body: JSON.stringify({ reason }) }))) notice(notAdded(), words.dismiss);
    } catch (error) {
      reportError(error);
      notice(words.kill_not_stored, words.dismiss);
    }
  }

  /** @param {string | null} id */
  async function pin(id) {
    told(await (id ? api("PUT", `${path}/pin`, { id }) : api("DELETE", `${path}/pin`)), id ? words.pinned : words.unpinned);
  }

  /** @param {Flash} flash */
  async function confirm({ id, revision }) {
    // Those words and no others: if they were rewritten meanwhile, it has to be asked again.
    const answer = await api("POST", `${path}/dispatches/${id}/confirm`, undefined, { "if-match": `"${revision}"` });
    if (answer.problem?.type.endsWith(":forbidden")) notice(words.confirm_alone, words.dismiss);
    else told(answer, words.flash_confirmed);
  }

  /** @param {Item} item whose attempt has ended */
  function onsettled(item) {
    if (item.feed !== name && item.change.kind !== "kill") return;
    if (item.state !== "kept") return;
    const id = item.receipt?.id ?? "";
    if (item.change.kind === "file" && !item.receipt?.release_at) reports.ask(item.feed, id);
    if (item.receipt?.release_at || item.change.kind === "spike") void held.refresh();
    if (item.change.kind === "kill") siblings.killElsewhere(item);
  }

  /** @param {string} id of a tombstone */
  async function refile(id) {
    try {
      const response = await fetch(`${base}${path}/audit`, { headers: named(sessions.current?.person.id), credentials: "same-origin", cache: "no-store" });
      const found = response.ok && response.body ? await fromAudit(response.body, id) : null;
      if (!found) return void notice(response.ok ? words.not_in_audit : words.no_answer, words.dismiss);
      const killed = dispatches().find((each) => each.id === id);
      form.write({ link: `${base || location.origin}/feeds/${name}/${id}`, ...found }, {
        original: words.refiling,
        language: words.language,
        note: say(wordsOf(language).refiled_note, { time: `${(killed?.updated ?? "").slice(11, 16)} UTC` }),
      });
    } catch {
      notice(words.no_answer, words.dismiss);
    }
  }

  part("fresh").addEventListener("click", () => {
    scrollTo({ top: 0, behavior: "instant" });
    list.focus({ preventScroll: true });
    show(null, "follow");
  });
  setInterval(() => readersClock.paint(list), REPAINT);

  following = follow({ src: base || location.origin, feed: name, limit: LIMIT, onchange, ...deskWorld(ondesk) });
  const wanted = new URLSearchParams(location.hash.slice(1)).get("edition_of");
  void form.open().then(() => (wanted ? siblings.write(wanted) : undefined));
  if (wanted) history.replaceState(null, "", location.pathname + location.search);
  void held.refresh();
  async function learnFeeds() {
    feeds = /** @type {Feed[] | undefined} */ (await notes.read("feeds")) ?? [];
    await box.show();
  }
  void learnFeeds();

  return {
    onsettled,
    /** @param {Feed} now what is known of the feed meanwhile */
    renew(now) {
      Object.assign(feed, now);
      write(part("feed-title"), now.title);
      void box.show();
    },
    air: () => state().air,
    /** @param {{on: boolean, label?: string | null, url?: string | null}} air */
    setAir: async (air) => told(await api("PUT", `${path}/air`, air), air.on ? words.on_air : words.off_air),
    /** @param {Item[]} all */
    showItems(all) {
      items = all;
      outbox.show(all, sessions.current?.person.id);
      if (shown) rows.show(shown);
    },
    sleep: () => following.sleep(),
    wake: () => following.wake(),
    focus: () => part("text").focus({ preventScroll: true }),
  };
}
