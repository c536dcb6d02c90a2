import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const root = new URL("../../", import.meta.url);
const clients = new URL("clients/", root);

/** Every module that one module needs, itself left out. @param {URL} module @param {Set<string>} seen */
function needs(module, seen = new Set()) {
  for (const [, path] of readFileSync(module, "utf8").matchAll(/^import .*? from "(.+?)";$/gm)) {
    const target = new URL(path ?? "", module);
    if (!seen.has(target.href)) needs(target, seen.add(target.href));
  }
  return seen;
}

test("the template preloads exactly what the reader page imports", () => {
  const template = readFileSync(new URL("ticker/web/templates/reader.html", root), "utf8");
  const lists = [...template.matchAll(/for module in (\[.*?\]) .*?\n<link rel="modulepreload" href="\/static\/(\w+)\//g)];
  const preloaded = lists.flatMap(([, names, folder]) =>
    JSON.parse(names ?? "").map((/** @type {string} */ name) => new URL(`${folder}/${name}.js`, clients).href));
  assert.deepEqual(preloaded.sort(), [...needs(new URL("reader/reader.js", clients))].sort());
});

test("the feed library has no document in it, save where it meets the browser", () => {
  const feed = new URL("feed/", clients);
  for (const name of readdirSync(feed).filter((name) => name.endsWith(".js") && name !== "browser.js")) {
    const code = readFileSync(new URL(name, feed), "utf8").replace(/\/\*[\s\S]*?\*\//g, "");
    assert.doesNotMatch(code, /\b(document|window|location|navigator)\./, name);
  }
});
