import assert from "node:assert/strict";
import { test } from "node:test";
import { requests } from "../../../clients/desk/api.js";

/** @param {string | null} person */
function world(person) {
  /** @type {string[]} */
  const asked = [];
  const api = requests("", () => person, () => {}, async (url, init) => {
    const { method, headers } = /** @type {RequestInit} */ (init);
    asked.push(`${method} ${url} ${new Headers(headers).get("ticker-person")}`);
    return new Response("{}");
  });
  return { api, asked };
}

test("every request says for whom it is, so that nothing goes out under the name of who signed in meanwhile", async () => {
  const { api, asked } = world("lena");
  for (const [method, path] of /** @type {const} */ ([
    ["PUT", "/v1/feeds/breaking/pin"],
    ["POST", "/v1/feeds/breaking/dispatches/01K/confirm"],
    ["POST", "/v1/invitations"],
    ["GET", "/v1/feeds/breaking/held"],
    ["DELETE", "/desk/sessions/s1"],
    ["DELETE", "/desk/session"],
  ])) {
    await api(method, path);
    assert.equal(asked.pop(), `${method} ${path} lena`);
  }
});

test("but one that asks who is signed in, or signs in, takes anybody", async () => {
  const { api, asked } = world("lena");
  await api("GET", "/desk/session");
  await api("POST", "/desk/session", { key: "k" });
  const nobody = world(null);
  await nobody.api("GET", "/v1/feeds");
  assert.deepEqual([...asked, ...nobody.asked], ["GET /desk/session null", "POST /desk/session null", "GET /v1/feeds null"]);
});
