import assert from "node:assert/strict";
import { test } from "node:test";
import { attempting, outcome, request, TIMEOUT } from "../../../clients/desk/attempt.js";

/** @import { Change, Item } from "../../../clients/desk/item.d.ts" */

/** @param {Change} change @returns {Item} */
const item = (change) => ({
  seq: 1, key: "abc", person: "lena", feed: "breaking", change, written: 0, since: 0, state: "sending", attempts: 1, failures: 0, doubtful: false,
});
const PROBLEM = { type: "urn:ticker:problem:x", title: "X", status: 422, detail: "text: is empty" };
/** @param {Record<string, string>} [headers] */
const head = (headers) => new Headers(headers);

for (const [change, method, path, match] of /** @type {[Change, string, string, string?][]} */ ([
  [{ kind: "file", body: "{}" }, "POST", "/dispatches"],
  [{ kind: "correct", id: "01K", revision: 3, body: "{}" }, "PATCH", "/dispatches/01K", '"3"'],
  [{ kind: "kill", id: "01K", body: "{}" }, "POST", "/dispatches/01K/kill"],
  [{ kind: "edit", id: "h01", revision: 2, body: "{}" }, "PATCH", "/held/h01", '"2"'],
  [{ kind: "spike", id: "h01", body: "{}" }, "DELETE", "/held/h01"],
])) {
  test(`${change.kind} is ${method} ${path}, with its key, its person and its bytes`, () => {
    const [url, init] = request("https://news.example/t", item(change));
    const headers = new Headers(init.headers);
    assert.deepEqual([init.method, url, init.body], [method, `https://news.example/t/v1/feeds/breaking${path}`, "{}"]);
    assert.deepEqual([headers.get("idempotency-key"), headers.get("ticker-person"), headers.get("if-match")], ['"abc"', "lena", match ?? null]);
  });
}

for (const [status, body, is] of /** @type {[number, unknown, string][]} */ ([
  [201, { id: "01K" }, "kept"],
  [200, { id: "01K" }, "kept"],
  [200, undefined, "unknown"],
  [200, { hello: "from the hotel" }, "unknown"],
  [302, undefined, "unknown"],
  [401, PROBLEM, "signed-out"],
  [401, undefined, "unknown"],
  [403, PROBLEM, "refused"],
  [404, undefined, "unknown"],
  [408, PROBLEM, "unknown"],
  [410, PROBLEM, "refused"],
  [412, PROBLEM, "refused"],
  [422, PROBLEM, "refused"],
  [429, PROBLEM, "limited"],
  [500, PROBLEM, "failed"],
  [502, undefined, "unknown"],
  [503, undefined, "unavailable"],
  [504, undefined, "unknown"],
])) {
  test(`${status} ${JSON.stringify(body) ?? "in other words"} means ${is}`, () => assert.equal(outcome(status, head(), body).is, is));
}

test("a refusal has what the service says, and the revision that is current", () => {
  assert.deepEqual(outcome(412, head(), { ...PROBLEM, status: 412, revision: 4 }), {
    is: "refused", problem: { type: PROBLEM.type, status: 412, detail: PROBLEM.detail, revision: 4 },
  });
});

test("of the fields at fault it keeps the names, and of a held dispatch that it is one: never its text", () => {
  const errors = [{ field: "link", detail: "is not a full address" }];
  const found = outcome(422, head(), { ...PROBLEM, errors, held: { text: "UNSAID" } });
  assert.deepEqual("problem" in found && [found.problem.errors, found.problem.held], [[{ field: "link" }], true]);
});

test("it waits as long as it is told, within reason", () => {
  assert.deepEqual(["5", "", "86400", "Fri, 01 Jan 2027 00:00:00 GMT"].map((after) => {
    const found = outcome(503, head(after ? { "retry-after": after } : {}), undefined);
    return "after" in found && found.after;
  }), [5, 1, 60, 1]);
});

/** @type {Change} */
const filing = { kind: "file", body: "{}" };

test("no response within the limit, or none at all, is unknown", async () => {
  /** @type {(() => void)[]} */
  const timers = [];
  const set = (/** @type {() => void} */ act, /** @type {number} */ delay) => {
    assert.equal(delay, TIMEOUT);
    timers.push(act);
  };
  const never = /** @type {typeof fetch} */ ((_, init) => new Promise((_resolve, reject) => init?.signal?.addEventListener("abort", () => reject(new Error("aborted")))));
  const pending = attempting("", never, { set, clear() {} })(item(filing));
  timers[0]?.();
  assert.deepEqual(await pending, { is: "unknown" });
  const none = /** @type {typeof fetch} */ (() => Promise.reject(new TypeError("network")));
  assert.deepEqual(await attempting("", none, { set() {}, clear() {} })(item(filing)), { is: "unknown" });
});

test("a receipt that is cut off is no receipt", async () => {
  const cut = /** @type {typeof fetch} */ (async () => new Response('{"id": "01', { status: 201 }));
  assert.deepEqual(await attempting("", cut, { set() {}, clear() {} })(item(filing)), { is: "unknown" });
  const whole = /** @type {typeof fetch} */ (async () => new Response('{"id": "01K"}', { status: 201 }));
  assert.equal((await attempting("", whole, { set() {}, clear() {} })(item(filing))).is, "kept");
});
