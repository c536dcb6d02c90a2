import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const clients = new URL("../../../clients/", import.meta.url);

test("the feed client uses no document, except in browser.js", () => {
  const feed = new URL("feed/", clients);
  for (const name of readdirSync(feed).filter((name) => name.endsWith(".js") && name !== "browser.js")) {
    const code = readFileSync(new URL(name, feed), "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
    assert.doesNotMatch(code, /\b(document|window|location|navigator)\./, name);
  }
});
