import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const clients = new URL("../../../clients/", import.meta.url);

test("the feed library has no document in it, save where it meets the browser", () => {
  const feed = new URL("feed/", clients);
  for (const name of readdirSync(feed).filter((name) => name.endsWith(".js") && name !== "browser.js")) {
    const code = readFileSync(new URL(name, feed), "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
    assert.doesNotMatch(code, /\b(document|window|location|navigator)\./, name);
  }
});
