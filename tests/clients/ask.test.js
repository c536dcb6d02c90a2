import assert from "node:assert/strict";
import { test } from "node:test";
import { asking, chapters, dispatch } from "../../clients/reader/ask.js";
import { line, tombstone } from "./frames.js";

/** A question whose answers the test gives. */
function setUp() {
  /** @type {{resolve: (answer: string) => void, reject: (why: Error) => void}[]} */
  const questions = [];
  /** @type {string[]} */
  const taken = [];
  const question = () => new Promise((/** @type {(answer: string) => void} */ resolve, reject) => questions.push({ resolve, reject }));
  return { questions, taken, asked: asking(question, (answer) => taken.push(answer)) };
}

/** A service that answers so, once for each request, and what it was asked. @param {...[number, any]} answers */
function served(...answers) {
  /** @type {string[]} */
  const asked = [];
  globalThis.fetch = async (url, options) => {
    assert.equal(options?.cache, "no-store");
    asked.push(String(url));
    const [status, body] = answers.shift() ?? [500, {}];
    return new Response(JSON.stringify(body), { status });
  };
  return asked;
}

test("an answer is taken once, and nothing is owed then", async () => {
  const { questions, taken, asked } = setUp();
  const done = asked.ask();
  assert.equal(asked.owed, true);
  questions[0]?.resolve("one");
  await done;
  await asked.again();
  assert.deepEqual(taken, ["one"]);
  assert.equal(questions.length, 1);
  assert.equal(asked.owed, false);
});

test("an answer that doesn't come is asked for again", async () => {
  const { questions, taken, asked } = setUp();
  const first = asked.ask();
  questions[0]?.reject(new Error("no network"));
  await first;
  assert.deepEqual([taken, asked.owed], [[], true]);
  const second = asked.again();
  questions[1]?.resolve("two");
  await second;
  assert.deepEqual([taken, asked.owed], [["two"], false]);
});

test("an answer overtaken by a newer question, or no longer wanted, doesn't count", async () => {
  const { questions, taken, asked } = setUp();
  const all = [asked.ask(), asked.ask()];
  questions[1]?.resolve("new");
  questions[0]?.resolve("old");
  await Promise.all(all);
  assert.deepEqual(taken, ["new"]);
  const late = asked.ask();
  asked.drop();
  questions[2]?.resolve("late");
  await late;
  assert.deepEqual([taken, asked.owed], [["new"], false]);
});

test("one line: as it stands, its tombstone, or nothing", async () => {
  const asked = served([200, line("a")], [410, { type: "…", dispatch: tombstone("a", "x") }], [404, {}], [503, {}]);
  assert.deepEqual(await dispatch("breaking", "a"), line("a"));
  assert.deepEqual(await dispatch("breaking", "a"), tombstone("a", "x"));
  assert.equal(await dispatch("breaking", "a"), undefined);
  await assert.rejects(dispatch("breaking", "a"));
  assert.equal(asked[0], "/v1/feeds/breaking/dispatches/a");
});

test("a story: page after page, oldest line first", async () => {
  const all = Array.from({ length: 130 }, (_, number) => line(String(1000 - number)));
  const asked = served([200, { dispatches: all.slice(0, 100) }], [200, { dispatches: all.slice(100) }]);
  assert.deepEqual(await chapters("breaking", "the-bridge", 500), [...all].reverse());
  assert.deepEqual(asked, [
    "/v1/feeds/breaking/dispatches?story=the-bridge&limit=100",
    "/v1/feeds/breaking/dispatches?story=the-bridge&limit=100&before=901",
  ]);
});

test("a story longer than the page is asked for no further", async () => {
  const page = (/** @type {number} */ from) => Array.from({ length: 100 }, (_, number) => line(String(from - number)));
  const asked = served([200, { dispatches: page(1000) }], [200, { dispatches: page(900) }]);
  assert.equal((await chapters("breaking", "s", 200)).length, 200);
  assert.equal(asked.length, 2);
});

test("a story of which a page is missing is no answer", async () => {
  served([200, { dispatches: Array.from({ length: 100 }, (_, number) => line(String(number))) }], [503, {}]);
  await assert.rejects(chapters("breaking", "s", 500));
});
