import assert from "node:assert/strict";
import { test } from "node:test";
import {
  changeable, compose, DAY, discard, edit, EMPTY, find, forget, forgetKilled, latest, LEASE, MAX_FAILURES, MAX_ITEMS, release,
  sendAgain, settle, take, takeBack,
} from "../../../clients/desk/outbox.js";

/** @import { Change, Outbox, Outcome } from "../../../clients/desk/item.d.ts" */

const NOW = Date.parse("2026-03-11T14:00:00Z");
const TAB = { person: "lena", me: "tab", token: "t1", now: NOW };
/** @type {Outcome} */
const KEPT = { is: "kept", receipt: { id: "01K", revision: 1, filed: "2026-03-11T14:00:01.000Z" } };

/** @param {string} text @returns {Change} */
const filing = (text) => ({ kind: "file", body: JSON.stringify({ text }) });
/** @param {number} status @param {string} [type] @returns {Outcome} */
const refusal = (status, type = "invalid") => ({ is: "refused", problem: { type: `urn:ticker:problem:${type}`, status, detail: "text: is empty" } });

/** @param {...string} keys composed in this order, each with its key as text */
function box(...keys) {
  return keys.reduce((outbox, key) => compose(outbox, { key, person: "lena", feed: "breaking", change: filing(key), now: NOW })[0], EMPTY);
}

/** Begins an attempt and ends it. @param {Outbox} outbox @param {Outcome} outcome @param {Partial<typeof TAB>} [tab] */
function attempt(outbox, outcome, tab) {
  const at = { ...TAB, ...tab };
  const [taken, item] = take(outbox, at);
  assert.ok(item && typeof item === "object", "nothing to send");
  return settle(taken, { key: item.key, token: at.token, outcome, now: at.now })[0];
}

/** @param {Outbox} outbox @param {Partial<typeof TAB>} [tab] */
function next(outbox, tab) {
  const [, item] = take(outbox, { ...TAB, ...tab });
  return item && typeof item === "object" ? item.key : item;
}

test("what was composed first is sent first, with the bytes and the key it was composed with", () => {
  const [, item] = take(box("a", "b"), TAB);
  assert.ok(item && typeof item === "object");
  assert.deepEqual([item.key, item.change.body, item.state, item.attempts, item.token], ["a", '{"text":"a"}', "sending", 1, "t1"]);
});

test("a kept one has its receipt and no text, and the next goes", () => {
  const outbox = attempt(box("a", "b"), KEPT);
  assert.equal(find(outbox, "a")?.state, "kept");
  assert.ok(!JSON.stringify(find(outbox, "a")).includes('"text'));
  assert.equal(next(outbox), "b");
});

for (const outcome of /** @type {Outcome[]} */ ([{ is: "unknown" }, { is: "unavailable", after: 2 }, { is: "failed" }])) {
  test(`${outcome.is}: it holds all behind it, and its bytes and key stay`, () => {
    const outbox = attempt(box("a", "b"), outcome);
    assert.deepEqual([find(outbox, "a")?.state, find(outbox, "a")?.doubtful, find(outbox, "a")?.why], ["waiting", true, outcome.is]);
    assert.equal(next(outbox), "a");
    const [, changed] = edit(outbox, "a", { text: "other" }, "fresh");
    assert.equal(changed, true);
    const [taken, item] = take(edit(outbox, "a", { text: "other" }, "fresh")[0], TAB);
    assert.ok(item && typeof item === "object");
    assert.equal(item.change.body, '{"text":"a"}');
    assert.equal(find(taken, "a")?.key, "a");
  });
}

for (const outcome of /** @type {Outcome[]} */ ([{ is: "limited", after: 2 }, { is: "signed-out" }])) {
  test(`${outcome.is}: it was certainly not kept, and holds all behind it`, () => {
    const outbox = attempt(box("a", "b"), outcome);
    assert.deepEqual([find(outbox, "a")?.doubtful, next(outbox)], [false, "a"]);
  });
}

test("a refused one steps aside", () => {
  const outbox = attempt(box("a", "b"), refusal(422));
  assert.deepEqual([find(outbox, "a")?.state, find(outbox, "a")?.problem?.detail, next(outbox)], ["refused", "text: is empty", "b"]);
});

test("a refusal says what became of earlier attempts, unless rights may have been lost since", () => {
  const doubtful = attempt(box("a"), { is: "unknown" });
  assert.equal(find(attempt(doubtful, refusal(422)), "a")?.doubtful, false);
  assert.equal(find(attempt(doubtful, refusal(403)), "a")?.doubtful, true);
});

test("what fails inside the service again and again steps aside, and keeps its key when it is sent again", () => {
  let outbox = box("a", "b");
  for (let n = 1; n <= MAX_FAILURES; n += 1) {
    assert.equal(find(outbox, "a")?.state, "waiting");
    outbox = attempt(outbox, { is: "failed" });
  }
  assert.equal(find(outbox, "a")?.state, "refused");
  assert.equal(next(outbox), "b");
  const [again, done] = sendAgain(outbox, "a", "fresh", NOW);
  assert.deepEqual([done, next(again), find(again, "a")?.failures], [true, "a", 0]);
});

test("failures that are not in a row do not add up", () => {
  let outbox = box("a");
  for (let n = 0; n < MAX_FAILURES * 2; n += 1) outbox = attempt(outbox, n % 2 ? { is: "unknown" } : { is: "failed" });
  assert.equal(find(outbox, "a")?.state, "waiting");
});

test("until its first attempt it is edited in place", () => {
  const [outbox] = edit(box("a", "b"), "a", { text: "other" }, "fresh");
  assert.deepEqual([find(outbox, "a")?.change.body, next(outbox)], ['{"text":"other"}', "a"]);
});

test("until its first attempt it is taken back without a trace", () => {
  assert.equal(takeBack(box("a"), "a", { reason: "wrong", fresh: "fresh" })[0].items.length, 0);
});

test("a refused one that is edited goes with another key, behind what was composed since", () => {
  const refused = attempt(box("a", "b"), refusal(422));
  const [outbox] = edit(refused, "a", { text: "other" }, "fresh");
  assert.equal(find(outbox, "a"), undefined);
  assert.deepEqual([find(outbox, "fresh")?.change.body, find(outbox, "fresh")?.state, next(outbox)], ['{"text":"other"}', "waiting", "b"]);
});

test("after an attempt of unknown outcome an edit is a correction, once it is known", () => {
  const doubtful = attempt(box("a"), { is: "unknown" });
  assert.equal(changeable(/** @type {any} */ (find(doubtful, "a"))), "then");
  const [edited] = edit(doubtful, "a", { text: "other", source: "Police" }, "fresh");
  const outbox = attempt(edited, KEPT);
  const { change } = /** @type {any} */ (find(outbox, "fresh"));
  assert.deepEqual(change, { kind: "correct", id: "01K", revision: 1, body: '{"text":"other","source":"Police"}' });
});

test("after an attempt of unknown outcome taking back is a kill, once it is known, before everything else", () => {
  const [taken] = takeBack(attempt(box("a", "b"), { is: "unknown" }), "a", { reason: "wrong", fresh: "fresh" });
  const outbox = attempt(taken, KEPT);
  assert.deepEqual(find(outbox, "fresh")?.change, { kind: "kill", id: "01K", body: '{"reason":"wrong"}' });
  assert.equal(next(outbox), "fresh");
});

test("of a held dispatch the same is an edit, and a spike", () => {
  /** @type {Outcome} */
  const held = { is: "kept", receipt: { id: "h01", revision: 1, release_at: "2026-03-11T18:00:00.000Z" } };
  const doubtful = attempt(box("a"), { is: "unknown" });
  const [edited] = edit(doubtful, "a", { text: "x", release_at: "2026-03-11T19:00:00Z" }, "fresh");
  assert.deepEqual(find(attempt(edited, held), "fresh")?.change, {
    kind: "edit", id: "h01", revision: 1, body: '{"text":"x","release_at":"2026-03-11T19:00:00Z"}',
  });
  const [back] = takeBack(doubtful, "a", { reason: "wrong", fresh: "fresh" });
  assert.equal(find(attempt(back, held), "fresh")?.change.kind, "spike");
});

test("what is to follow may be known from the beginning", () => {
  const followUp = { key: "fresh", edit: { note: "Published again" } };
  const [outbox] = compose(EMPTY, { key: "a", person: "lena", feed: "breaking", change: filing("a"), now: NOW, followUp });
  assert.deepEqual(find(attempt(outbox, KEPT), "fresh")?.change, { kind: "correct", id: "01K", revision: 1, body: '{"note":"Published again"}' });
});

test("a refusal ends what was to follow", () => {
  const [edited] = edit(attempt(box("a"), { is: "unknown" }), "a", { text: "other" }, "fresh");
  const outbox = attempt(edited, refusal(422));
  assert.deepEqual([find(outbox, "a")?.followUp, outbox.items.length], [undefined, 1]);
});

test("one that is refused after it was edited is what it was edited to, and is edited and sent again as that", () => {
  const [edited] = edit(attempt(box("a"), { is: "unknown" }), "a", { text: "other" }, "fresh");
  assert.equal(latest(/** @type {any} */ (find(edited, "a"))), '{"text":"other"}');
  const refused = attempt(edited, refusal(422));
  assert.equal(find(refused, "a")?.change.body, '{"text":"other"}');
  assert.equal(find(refused, "a")?.doubtful, false);
});

test("one that is perhaps kept and was edited goes again as it was; the edit still follows, or is sent with a new key", () => {
  const [edited] = edit(attempt(box("a"), { is: "unknown" }), "a", { text: "other" }, "fresh");
  const refused = attempt(edited, refusal(403));
  const [same] = sendAgain(refused, "a", "new", NOW + 1);
  assert.equal(find(same, "a")?.change.body, '{"text":"a"}');
  assert.equal(find(attempt(same, KEPT), "fresh")?.change.body, '{"text":"other"}');
  const [fresh] = sendAgain(refused, "a", "new", NOW + DAY);
  assert.deepEqual([find(fresh, "new")?.change.body, find(fresh, "new")?.followUp], ['{"text":"other"}', undefined]);
});

test("what an edit no longer has is taken away by the correction, except what a dispatch always has", () => {
  const change = filing("a");
  change.body = JSON.stringify({ text: "a", source: "Ministry", sections: ["x"], urgency: "urgent", language: "en" });
  const [outbox] = compose(EMPTY, { key: "a", person: "lena", feed: "breaking", change, now: NOW });
  const [edited] = edit(attempt(outbox, { is: "unknown" }), "a", { text: "b" }, "fresh");
  assert.equal(find(attempt(edited, KEPT), "fresh")?.change.body, '{"text":"b","source":null,"sections":null}');
});

test("a note for readers follows, whatever is edited before", () => {
  const followUp = { key: "note", edit: { note: "Published again" } };
  const [outbox] = compose(EMPTY, { key: "a", person: "lena", feed: "breaking", change: filing("a"), now: NOW, followUp });
  const [edited] = edit(attempt(outbox, { is: "unknown" }), "a", { text: "b" }, "fresh");
  assert.equal(find(attempt(edited, KEPT), "fresh")?.change.body, '{"text":"b","note":"Published again"}');
  const refused = attempt(outbox, refusal(422));
  const [again] = edit(refused, "a", { text: "c" }, "new");
  assert.deepEqual([find(again, "new")?.change.body, find(again, "new")?.followUp], ['{"text":"c"}', followUp]);
});

test("a correction that was written before an earlier one of one's own was kept follows that one", () => {
  /** @param {string} text @param {string} [id] @returns {Change} */
  const correction = (text, id = "01K") => ({ kind: "correct", id, revision: 1, body: JSON.stringify({ text }) });
  const outbox = ["a", "b"].reduce((before, key) => compose(before, { key, person: "lena", feed: "breaking", change: correction(key), now: NOW })[0], EMPTY);
  const [other] = compose(outbox, { key: "c", person: "omar", feed: "breaking", change: correction("c"), now: NOW });
  const [elsewhere] = compose(other, { key: "d", person: "lena", feed: "breaking", change: correction("d", "02K"), now: NOW });
  const after = attempt(elsewhere, { is: "kept", receipt: { id: "01K", revision: 2 } });
  assert.deepEqual(["b", "c", "d"].map((key) => /** @type {any} */ (find(after, key)).change.revision), [2, 1, 1]);
});

test("a kill is sent before everything else", () => {
  const [outbox] = compose(attempt(box("a", "b"), { is: "unknown" }), {
    key: "k", person: "lena", feed: "breaking", change: { kind: "kill", id: "01K", body: '{"reason":"wrong"}' }, now: NOW,
  });
  assert.equal(next(outbox), "k");
});

test("after a day it is not sent again by itself, and holds nobody", () => {
  const outbox = attempt(box("a", "b"), { is: "unknown" });
  const later = { now: NOW + DAY + 1 };
  const [fresh] = compose(outbox, { key: "c", person: "lena", feed: "breaking", change: filing("c"), now: later.now });
  const [taken] = take(fresh, { ...TAB, ...later });
  assert.deepEqual([find(taken, "a")?.state, find(taken, "b")?.state, find(taken, "c")?.state], ["old", "old", "sending"]);
  const [again] = sendAgain(taken, "a", "fresh", later.now);
  assert.deepEqual([find(again, "a"), find(again, "fresh")?.state, find(again, "fresh")?.written], [undefined, "waiting", NOW]);
  assert.deepEqual(find(discard(taken, "a")[0], "a"), undefined);
});

test("up to a day it is sent, whatever became of the first attempts", () => {
  assert.equal(next(attempt(box("a"), { is: "unknown" }), { now: NOW + DAY }), "a");
});

test("a doubtful one that stepped aside within the day keeps its key, and gets another after it", () => {
  const outbox = attempt(attempt(box("a"), { is: "unknown" }), refusal(403));
  assert.ok(find(sendAgain(outbox, "a", "fresh", NOW + DAY - 1)[0], "a"));
  assert.ok(find(sendAgain(outbox, "a", "fresh", NOW + DAY)[0], "fresh"));
});

test("only the tab with the lease sends, and another waits until it is over", () => {
  const [taken] = take(box("a"), TAB);
  assert.equal(take(taken, { ...TAB, me: "other", token: "t2", now: NOW + 5_000 })[1], LEASE - 5_000);
});

test("a tab that is gone leaves a doubtful one behind", () => {
  const [taken] = take(box("a", "b"), TAB);
  const [outbox, item] = take(taken, { ...TAB, me: "other", token: "t2", now: NOW + LEASE });
  assert.ok(item && typeof item === "object");
  assert.deepEqual([item.key, item.doubtful, item.attempts, outbox.lease?.holder], ["a", true, 2, "other"]);
});

test("a receipt counts, whichever attempt it answers; anything else only for the one under way", () => {
  const [first] = take(box("a"), TAB);
  const [second] = take(first, { ...TAB, me: "other", token: "t2", now: NOW + LEASE });
  const late = { key: "a", token: "t1", now: NOW + LEASE };
  assert.equal(settle(second, { ...late, outcome: { is: "unknown" } })[1]?.state, "sending");
  assert.equal(settle(second, { ...late, outcome: refusal(403) })[1]?.state, "sending");
  const [kept, item] = settle(second, { ...late, outcome: KEPT });
  assert.equal(item?.state, "kept");
  assert.equal(settle(kept, { ...late, token: "t2", outcome: { is: "unknown" } })[1]?.state, "kept");
  assert.equal(settle(EMPTY, { ...late, outcome: KEPT })[1], undefined);
});

test("a clock that is set back locks nobody out", () => {
  const [taken] = take(box("a"), { ...TAB, now: NOW + 3_600_000 });
  assert.equal(next(taken, { me: "other", token: "t2" }), "a");
});

test("a lease is given up, by its holder alone", () => {
  const [taken] = take(box("a"), TAB);
  assert.equal(release(taken, "other")[0].lease?.holder, "tab");
  assert.equal(next(release(taken, "tab")[0], { me: "other", token: "t2" }), "a");
});

test("without anything to send nobody waits and nobody has the lease", () => {
  const [taken] = take(box("a"), TAB);
  const [kept] = settle(taken, { key: "a", token: "t1", outcome: KEPT, now: NOW });
  assert.equal(next(kept, { me: "other" }), null);
  assert.equal(take(kept, TAB)[0].lease, null);
});

test("another person's session sends nothing of mine", () => {
  assert.equal(next(box("a"), { person: "omar" }), null);
});

test("the outbox is bounded, and says so before it takes one that it cannot keep", () => {
  const full = box(...Array.from({ length: MAX_ITEMS }, (_, n) => `k${n}`));
  const [same, added] = compose(full, { key: "more", person: "lena", feed: "breaking", change: filing("more"), now: NOW });
  assert.deepEqual([added, same], [false, full]);
});

test("receipts stay in sight for a while, the newest ones", () => {
  let outbox = box("a", "b", "c", "d", "e", "f");
  for (let n = 0; n < 6; n += 1) outbox = attempt(outbox, KEPT);
  assert.deepEqual(forget(outbox, NOW + 1).items.map(({ key }) => key), ["b", "c", "d", "e", "f"]);
  assert.deepEqual(forget(outbox, NOW + 300_000).items, []);
  assert.equal(edit(outbox, "a", { text: "x" }, "fresh")[1], false);
  assert.equal(takeBack(outbox, "a", { reason: "x", fresh: "fresh" })[1], false);
  assert.equal(sendAgain(outbox, "a", "fresh", NOW)[1], false);
});

test("a correction of what was killed is refused, and its text is gone", () => {
  /** @type {Change} */
  const change = { kind: "correct", id: "01K", revision: 1, body: '{"text":"SECRET"}' };
  const [waiting] = compose(EMPTY, { key: "c", person: "lena", feed: "breaking", change, now: NOW });
  const [outbox, any] = forgetKilled(waiting, "01K");
  assert.deepEqual([any, find(outbox, "c")?.state, JSON.stringify(outbox).includes("SECRET")], [true, "refused", false]);
  assert.equal(sendAgain(outbox, "c", "fresh", NOW)[1], false, "there is nothing left to send");
  assert.deepEqual(forgetKilled(waiting, "other"), [waiting, false]);
  const late = attempt(waiting, refusal(410, "killed"));
  assert.ok(!JSON.stringify(late).includes("SECRET"));
});
