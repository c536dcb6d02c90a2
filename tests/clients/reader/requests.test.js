import assert from "node:assert/strict";
import { test } from "node:test";
import { fetchDispatch, fetchStory, retrying } from "../../../clients/reader/requests.js";
import { tombstone, usable } from "../feed/frames.js";

/** A request whose responses the test gives. */
function setUp() {
  /** @type {{resolve: (response: string) => void, reject: (why: Error) => void}[]} */
  const requests = [];
  /** @type {string[]} */
  const taken = [];
  const request = () => new Promise((/** @type {(response: string) => void} */ resolve, reject) => requests.push({ resolve, reject }));
  return { requests, taken, repeated: retrying(request, (response) => taken.push(response)) };
}

/** A service with these responses, one for each request. Returns the URLs requested. @param {...[number, any, Record<string, string>?]} responses */
function served(...responses) {
  /** @type {string[]} */
  const asked = [];
  globalThis.fetch = async (url, options) => {
    assert.equal(options?.cache, "no-store");
    asked.push(String(url));
    const [status, body, headers] = responses.shift() ?? [500, {}];
    return new Response(JSON.stringify(body), { status, headers });
  };
  return asked;
}

test("a response is taken once, and nothing is pending then", async () => {
  const { requests, taken, repeated } = setUp();
  const done = repeated.send();
  assert.equal(repeated.pending, true);
  requests[0]?.resolve("one");
  await done;
  await repeated.retry();
  assert.deepEqual(taken, ["one"]);
  assert.equal(requests.length, 1);
  assert.equal(repeated.pending, false);
});

test("a request that fails is sent again", async () => {
  const { requests, taken, repeated } = setUp();
  const first = repeated.send();
  requests[0]?.reject(new Error("no network"));
  await first;
  assert.deepEqual([taken, repeated.pending], [[], true]);
  const second = repeated.retry();
  requests[1]?.resolve("two");
  await second;
  assert.deepEqual([taken, repeated.pending], [["two"], false]);
});

test("a response overtaken by a newer request, or cancelled, doesn't count", async () => {
  const { requests, taken, repeated } = setUp();
  const all = [repeated.send(), repeated.send()];
  requests[1]?.resolve("new");
  requests[0]?.resolve("old");
  await Promise.all(all);
  assert.deepEqual(taken, ["new"]);
  const late = repeated.send();
  repeated.cancel();
  requests[2]?.resolve("late");
  await late;
  assert.deepEqual([taken, repeated.pending], [["new"], false]);
});

test("one dispatch: its current revision, its tombstone, or nothing", async () => {
  const asked = served([200, usable("a")], [410, { type: "…", dispatch: tombstone("a", "x") }], [404, {}], [503, {}]);
  assert.deepEqual(await fetchDispatch("/v1/feeds/breaking", "a"), usable("a"));
  assert.deepEqual(await fetchDispatch("/v1/feeds/breaking", "a"), tombstone("a", "x"));
  assert.equal(await fetchDispatch("/v1/feeds/breaking", "a"), undefined);
  await assert.rejects(fetchDispatch("/v1/feeds/breaking", "a"));
  assert.equal(asked[0], "/v1/feeds/breaking/dispatches/a");
});

test("a page of a story: its dispatches, newest first, and whether there are older ones", async () => {
  const all = Array.from({ length: 100 }, (_, number) => usable(String(1000 - number)));
  const asked = served([200, { dispatches: all }, { link: '</x>; rel="next"' }], [200, { dispatches: all.slice(0, 3) }]);
  const feed = "/ticker/v1/feeds/breaking";
  assert.deepEqual(await fetchStory(feed, { story: "the-bridge", limit: 100 }), { dispatches: all, older: true });
  const before = await fetchStory(feed, { story: "the-bridge", before: "901", limit: 100 });
  assert.deepEqual(before, { dispatches: all.slice(0, 3), older: false });
  assert.deepEqual(asked, [
    "/ticker/v1/feeds/breaking/dispatches?story=the-bridge&limit=100",
    "/ticker/v1/feeds/breaking/dispatches?story=the-bridge&limit=100&before=901",
  ]);
});

test("a page that the service refuses is an error", async () => {
  served([503, {}]);
  await assert.rejects(fetchStory("/v1/feeds/breaking", { story: "s", limit: 100 }));
});

test("a response that can't be shown is a fault, and the request still pending", async () => {
  /** @type {unknown[]} */
  const faults = [];
  let broken = true;
  const repeated = retrying(async () => "one", () => { if (broken) throw new Error("broken"); }, (error) => faults.push(error));
  await repeated.send();
  assert.deepEqual([faults.length, repeated.pending], [1, true]);
  broken = false;
  await repeated.retry();
  assert.deepEqual([faults.length, repeated.pending], [1, false]);
});
