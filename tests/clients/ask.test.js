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

/** A service that answers so, once for each request, and what it was asked. @param {...[number, any, Record<string, string>?]} answers */
function served(...answers) {
  /** @type {string[]} */
  const asked = [];
  globalThis.fetch = async (url, options) => {
    assert.equal(options?.cache, "no-store");
    asked.push(String(url));
    const [status, body, headers] = answers.shift() ?? [500, {}];
    return new Response(JSON.stringify(body), { status, headers });
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
  assert.deepEqual(await dispatch("/v1/feeds/breaking", "a"), line("a"));
  assert.deepEqual(await dispatch("/v1/feeds/breaking", "a"), tombstone("a", "x"));
  assert.equal(await dispatch("/v1/feeds/breaking", "a"), undefined);
  await assert.rejects(dispatch("/v1/feeds/breaking", "a"));
  assert.equal(asked[0], "/v1/feeds/breaking/dispatches/a");
});

test("a page of a story: its dispatches, newest first, and whether there are older ones", async () => {
  const all = Array.from({ length: 100 }, (_, number) => line(String(1000 - number)));
  const asked = served([200, { dispatches: all }, { link: '</x>; rel="next"' }], [200, { dispatches: all.slice(0, 3) }]);
  const feed = "/ticker/v1/feeds/breaking";
  assert.deepEqual(await chapters(feed, { story: "the-bridge", limit: 100 }), { dispatches: all, older: true });
  const before = await chapters(feed, { story: "the-bridge", before: "901", limit: 100 });
  assert.deepEqual(before, { dispatches: all.slice(0, 3), older: false });
  assert.deepEqual(asked, [
    "/ticker/v1/feeds/breaking/dispatches?story=the-bridge&limit=100",
    "/ticker/v1/feeds/breaking/dispatches?story=the-bridge&limit=100&before=901",
  ]);
});

test("a page that doesn't come is no answer", async () => {
  served([503, {}]);
  await assert.rejects(chapters("/v1/feeds/breaking", { story: "s", limit: 100 }));
});

test("an answer that can't be shown is a fault, and still owed", async () => {
  /** @type {unknown[]} */
  const faults = [];
  let broken = true;
  const asked = asking(async () => "one", () => { if (broken) throw new Error("broken"); }, (error) => faults.push(error));
  await asked.ask();
  assert.deepEqual([faults.length, asked.owed], [1, true]);
  broken = false;
  await asked.again();
  assert.deepEqual([faults.length, asked.owed], [1, false]);
});
