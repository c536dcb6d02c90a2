/**
 * The outbox as a pure state machine: what lies in it, which of it may be sent now, and what a response means.
 *
 *   state     on                                   becomes
 *   ────────  ───────────────────────────────────  ─────────────────────────────────────────────────────
 *   waiting   its turn, in the tab with the lease  sending
 *   waiting   a day has passed                     old
 *   sending   a receipt                            kept, and what was to follow is added
 *   sending   a refusal                            refused: it steps aside
 *   sending   503, 429, 401, no response           waiting: it holds all behind it
 *   sending   500 for the fifth time in a row      refused, and still doubtful
 *   sending   its tab is gone                      waiting, doubtful
 *   refused   edited                               waiting, with another key
 *   old       "send it all the same"               waiting, with another key
 *
 * Nothing is sent twice: the Idempotency-Key and the bytes of a doubtful one never change, and the service keeps a key
 * for a day. Nothing is lost: only a receipt or its author removes one. Order: a dispatch is sent only while none
 * before it waits. A kill is sent before everything else.
 *
 * @import { Change, Fields, FollowUp, Item, Outbox, Outcome, Problem, Receipt } from "./item.d.ts"
 */

/** How long a tab may send without renewing its lease; an attempt is given up before. Milliseconds. */
export const LEASE = 15_000;

/** Less than the 24 hours for which the service knows a key, by more than an attempt takes. Milliseconds. */
export const DAY = 24 * 3_600_000 - 60_000;

/** Responses 500 in a row until one steps aside: something about it may be what the service fails on. */
export const MAX_FAILURES = 5;

/** What may lie here at most: hours of work of one person, and a bound. */
export const MAX_ITEMS = 200;

/** How long, and how many, receipts stay in sight. Milliseconds. */
const RECEIPTS_FOR = 300_000;
const MAX_RECEIPTS = 5;

/** @type {Outbox} */
export const EMPTY = { items: [], lease: null };

/** @param {Outbox} outbox @param {string} key @returns {Item | undefined} */
export const find = (outbox, key) => outbox.items.find((item) => item.key === key);

/** Items that are not kept yet. @param {Outbox} outbox */
export const unsent = ({ items }) => items.filter(({ state }) => state !== "kept");

/**
 * @param {Outbox} outbox
 * @param {string} key
 * @param {Partial<Item> | null} changes null removes it
 * @returns {Outbox}
 */
function replace(outbox, key, changes) {
  const items = outbox.items.flatMap((item) => {
    if (item.key !== key) return [item];
    return changes ? [{ ...item, ...changes }] : [];
  });
  return { ...outbox, items };
}

/** @param {Outbox} outbox */
const nextSeq = ({ items }) => Math.max(0, ...items.map(({ seq }) => seq)) + 1;

/**
 * Adds a change. The result is false if the outbox is full: then nothing was added.
 *
 * @param {Outbox} outbox
 * @param {{key: string, person: string, feed: string, change: Change, now: number, followUp?: FollowUp}} composed
 * @returns {readonly [Outbox, boolean]}
 */
export function compose(outbox, { key, person, feed, change, now, followUp }) {
  if (unsent(outbox).length >= MAX_ITEMS) return [outbox, false];
  /** @type {Item} */
  const item = {
    seq: nextSeq(outbox),
    key,
    person,
    feed,
    change,
    written: now,
    since: now,
    state: "waiting",
    attempts: 0,
    failures: 0,
    doubtful: false,
    ...(followUp && { followUp }),
  };
  return [{ ...outbox, items: [...outbox.items, item] }, true];
}

/**
 * What its author can do with one: `now` changes it here, `then` becomes a correction or a kill once it is known
 * whether it was kept, and null means that the wire is the place for it.
 *
 * @param {Item} item
 * @returns {"now" | "then" | null}
 */
export function changeable({ state, attempts, doubtful }) {
  if (state === "kept") return null;
  return state !== "sending" && (attempts === 0 || !doubtful) ? "now" : "then";
}

/** What its author has changed since, and a note that is to follow. @param {Item} item @returns {Fields} */
const edited = ({ followUp }) => (followUp && "edit" in followUp ? followUp.edit : {});

/** The body of a dispatch as its author wants it by now. @param {Item} item @returns {string} */
export function latest(item) {
  const { note, ...fields } = edited(item);
  return Object.keys(fields).length ? JSON.stringify(fields) : item.change.body;
}

/**
 * One that is certainly not kept, as its author wants it by now: what was to correct it is in it, and a note for readers
 * still follows.
 *
 * @param {Item} item
 * @returns {{change: Change, followUp: FollowUp | undefined}}
 */
function rewritten(item) {
  const { note } = edited(item);
  return {
    change: { ...item.change, body: latest(item) },
    followUp: item.followUp && note ? { key: item.followUp.key, edit: { note } } : undefined,
  };
}

/**
 * Gives a dispatch other fields. One that was never attempted keeps its key; a refused one gets another, so that nobody
 * needs to know what the service has made of the first.
 *
 * @param {Outbox} outbox
 * @param {string} key
 * @param {Fields} fields all of them
 * @param {string} fresh a key for the change
 * @returns {readonly [Outbox, boolean]} false if it is kept or gone, so that nothing changed
 */
export function edit(outbox, key, fields, fresh) {
  const item = find(outbox, key);
  const how = item && changeable(item);
  if (!item || !how) return [outbox, false];
  const { note } = edited(item);
  if (how === "then") return [replace(outbox, key, { followUp: { key: fresh, edit: { ...fields, ...(note && { note }) } } }), true];
  const change = /** @type {Change} */ ({ ...item.change, body: JSON.stringify(fields) });
  if (item.attempts === 0 && item.state === "waiting") return [replace(outbox, key, { change }), true];
  return [again(outbox, item, fresh, { change }), true];
}

/**
 * Takes one back: it is gone, or will be killed as soon as it is known to be kept.
 *
 * @param {Outbox} outbox
 * @param {string} key
 * @param {{reason: string, fresh: string}} kill
 * @returns {readonly [Outbox, boolean]} false if it is kept or gone, so that nothing changed
 */
export function takeBack(outbox, key, { reason, fresh }) {
  const item = find(outbox, key);
  const how = item && changeable(item);
  if (!how) return [outbox, false];
  return [replace(outbox, key, how === "now" ? null : { followUp: { key: fresh, takeBack: reason } }), true];
}

/**
 * Its author looked and decided: it is sent all the same. With another key, as its own may be forgotten by now; a
 * doubtful one that stepped aside within the day keeps it.
 *
 * @param {Outbox} outbox
 * @param {string} key
 * @param {string} fresh
 * @param {number} now
 * @returns {readonly [Outbox, boolean]}
 */
export function sendAgain(outbox, key, fresh, now) {
  const item = find(outbox, key);
  if (!item || !item.change.body || (item.state !== "old" && item.state !== "refused")) return [outbox, false];
  if (item.state === "refused" && item.doubtful && now - item.since < DAY) {
    return [replace(outbox, key, { state: "waiting", failures: 0, problem: undefined, why: undefined }), true];
  }
  return [again(outbox, item, fresh, { since: now }), true];
}

/** Removes one that its author has found in the feed, or no longer wants. @param {Outbox} outbox @param {string} key */
export function discard(outbox, key) {
  return /** @type {const} */ ([replace(outbox, key, null), undefined]);
}

/** @param {Outbox} outbox @param {Item} item @param {string} key @param {Partial<Item>} changes @returns {Outbox} */
function again(outbox, item, key, changes) {
  const { seq, person, feed, written, since, key: old } = item;
  const { change, followUp } = rewritten(item);
  /** @type {Item} */
  const fresh = {
    seq, key, person, feed, change, written, since, state: "waiting", attempts: 0, failures: 0, doubtful: false, ...(followUp && { followUp }), ...changes,
  };
  const behind = { ...fresh, seq: nextSeq(outbox) };
  return { ...outbox, items: [...outbox.items.filter((item) => item.key !== old), behind] };
}

/**
 * Takes the lease, and what is to be sent now. The result is the item with its attempt begun; or how long to wait until
 * another tab's lease is over; or null when nothing is to be sent.
 *
 * @param {Outbox} outbox
 * @param {{person: string, me: string, token: string, now: number}} tab
 * @returns {readonly [Outbox, Item | number | null]}
 */
export function take(outbox, { person, me, token, now }) {
  const aged = forget(outbox, now);
  const { lease } = aged;
  // A clock that was set back must not lock everybody out.
  const held = lease && lease.holder !== me && lease.until > now && lease.until - now <= LEASE;
  const pending = aged.items.some(({ state }) => state === "waiting" || state === "sending");
  if (held) return [aged, pending ? lease.until - now : null];
  const items = aged.items.map((item) => (item.state === "sending" ? abandoned(item) : item)).map((item) => grown(item, now));
  const mine = items.filter((item) => item.person === person && item.state === "waiting").sort((one, other) => one.seq - other.seq);
  const first = mine.find(({ change }) => change.kind === "kill") ?? mine[0];
  if (!first) return [{ items, lease: null }, null];
  const sending = /** @type {const} */ ({ ...first, state: "sending", attempts: first.attempts + 1, token, why: undefined });
  return [{ items: items.map((item) => (item === first ? sending : item)), lease: { holder: me, until: now + LEASE } }, sending];
}

/** Its tab went away before the response came. @param {Item} item @returns {Item} */
const abandoned = (item) => ({ ...item, state: "waiting", doubtful: true, why: "unknown", token: undefined });

/** @param {Item} item @param {number} now @returns {Item} */
const grown = (item, now) => (item.state === "waiting" && now - item.since > DAY ? { ...item, state: "old" } : item);

/**
 * Records how an attempt ended.
 *
 * A receipt is a receipt whichever attempt it answers. Anything else counts only for the attempt that is under way: a
 * later one of another tab may know better.
 *
 * @param {Outbox} outbox
 * @param {{key: string, token: string, outcome: Outcome, now: number}} end
 * @returns {readonly [Outbox, Item | undefined]} the item as it is now
 */
export function settle(outbox, { key, token, outcome, now }) {
  const item = find(outbox, key);
  if (!item || item.state === "kept") return [outbox, item];
  if (outcome.is === "kept") return kept(outbox, item, outcome.receipt, now);
  if (item.state !== "sending" || item.token !== token) return [outbox, item];
  const after = replace(outbox, key, { token: undefined, ...ended(item, outcome) });
  return [after, find(after, key)];
}

/** @param {Item} item @param {Exclude<Outcome, {is: "kept"}>} outcome @returns {Partial<Item>} */
function ended(item, outcome) {
  switch (outcome.is) {
    case "refused":
      return refused(item, outcome.problem);
    case "failed": {
      const failures = item.failures + 1;
      const state = failures < MAX_FAILURES ? "waiting" : "refused";
      return { state, failures, doubtful: true, why: "failed" };
    }
    case "limited":
    case "signed-out":
      return { state: "waiting", failures: 0, why: outcome.is };
    default:
      return { state: "waiting", failures: 0, doubtful: true, why: outcome.is };
  }
}

/** @param {Item} item @param {Problem} problem @returns {Partial<Item>} */
function refused(item, problem) {
  const { change } = item;
  // Rights may have been lost after an attempt that was kept; any other refusal would have met the first one too.
  const doubtful = item.doubtful && [403, 404].includes(problem.status);
  /** @type {Partial<Item>} */
  const found = { state: "refused", problem, doubtful, ...(!doubtful && rewritten(item)) };
  // What was to correct a killed dispatch has its text.
  return problem.status === 410 && change.kind === "correct" ? { ...found, change: { ...change, body: "" } } : found;
}

/** @param {Outbox} outbox @param {Item} item @param {Receipt} receipt @param {number} now @returns {readonly [Outbox, Item]} */
function kept(outbox, item, receipt, now) {
  const { followUp, why, token, problem, ...rest } = item;
  /** @type {Item} */
  const done = { ...rest, state: "kept", doubtful: false, change: { ...item.change, body: "" }, receipt, kept: now };
  const items = outbox.items.map((each) => (each === item ? done : rebased(each, item, receipt)));
  const after = { ...outbox, items };
  if (!followUp) return [after, done];
  const [followed] = compose(after, { key: followUp.key, person: item.person, feed: item.feed, change: following(followUp, receipt, item.change.body), now });
  return [followed, done];
}

/**
 * A correction of one's own that was written before an earlier one was kept follows that one: nobody else was between
 * them. One that was attempted keeps its revision with its bytes.
 *
 * @param {Item} each
 * @param {Item} item that is kept
 * @param {Receipt} receipt
 * @returns {Item}
 */
function rebased(each, { person, feed, change }, { revision }) {
  const { change: later } = each;
  if (later.kind !== "correct" || change.kind !== "correct" || !revision) return each;
  const follows = later.id === change.id && later.revision === change.revision && each.person === person && each.feed === feed;
  return follows && each.state === "waiting" && each.attempts === 0 ? { ...each, change: { ...later, revision } } : each;
}

/** What a correction cannot take away. */
const ALWAYS = ["text", "urgency", "language"];

/** @param {FollowUp} followUp @param {Receipt} receipt @param {string} body that was kept @returns {Change} */
function following(followUp, { id, revision = 1, release_at }, body) {
  if ("takeBack" in followUp) return { kind: release_at ? "spike" : "kill", id, body: JSON.stringify({ reason: followUp.takeBack }) };
  const { release_at: until, note, ...fields } = followUp.edit;
  const had = Object.keys(fields).length ? Object.keys(JSON.parse(body)) : []; // a note alone takes nothing away
  const gone = had.filter((name) => !(name in fields) && name !== "release_at" && !ALWAYS.includes(name));
  const edit = {
    ...fields,
    ...Object.fromEntries(gone.map((name) => [name, null])),
    ...(release_at ? until && { release_at: until } : note && { note }),
  };
  return { kind: release_at ? "edit" : "correct", id, revision, body: JSON.stringify(edit) };
}

/** Gives the lease up, so that another tab need not wait for it. @param {Outbox} outbox @param {string} me */
export function release(outbox, me) {
  return /** @type {const} */ ([outbox.lease?.holder === me ? { ...outbox, lease: null } : outbox, undefined]);
}

/** Without the receipts that were long enough in sight. @param {Outbox} outbox @param {number} now @returns {Outbox} */
export function forget(outbox, now) {
  const receipts = outbox.items.filter(({ state }) => state === "kept").sort((one, other) => other.seq - one.seq);
  const shown = receipts.slice(0, MAX_RECEIPTS).filter(({ kept = 0 }) => now - kept < RECEIPTS_FOR);
  if (shown.length === receipts.length) return outbox;
  return { ...outbox, items: outbox.items.filter((item) => item.state !== "kept" || shown.includes(item)) };
}

/** What a correction meets that comes after the kill. @type {Problem} */
const KILLED = { type: "urn:ticker:problem:killed", status: 410, detail: "" };

/**
 * A dispatch was killed: what waits to correct it is refused at once, and its text does not stay in this browser.
 *
 * @param {Outbox} outbox
 * @param {string} id
 * @returns {readonly [Outbox, boolean]} whether there was any
 */
export function forgetKilled(outbox, id) {
  const about = (/** @type {Item} */ { change, state }) =>
    change.kind === "correct" && change.id === id && change.body !== "" && (state === "waiting" || state === "refused" || state === "old");
  if (!outbox.items.some(about)) return [outbox, false];
  const items = outbox.items.map((item) => (about(item) ? { ...item, ...refused(item, KILLED) } : item));
  return [{ ...outbox, items }, true];
}
