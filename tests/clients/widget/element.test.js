import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

const WIDGET = new URL("../../../clients/widget/", import.meta.url);
const BUNDLE = new URL("../../../clients/dist/ticker.js", import.meta.url);

test("where there is no DOM, importing it does nothing", async () => {
  const { BreakingTicker } = await import(BUNDLE.href);
  assert.equal(typeof BreakingTicker, "function");
});

test("custom-elements.json is what the element's documentation makes", () => {
  const out = mkdtempSync(join(tmpdir(), "manifest-"));
  const analyzer = new URL("../../../node_modules/.bin/cem", import.meta.url).pathname;
  execFileSync(analyzer, ["analyze", "--quiet", "--config", "custom-elements-manifest.config.mjs", "--outdir", relative(WIDGET.pathname, out)], { cwd: WIDGET });
  assert.equal(
    readFileSync(join(out, "custom-elements.json"), "utf8"),
    readFileSync(new URL("custom-elements.json", WIDGET), "utf8"),
    "stale; run: npm run manifest",
  );
});

test("every part and custom property of the style and the markup is documented, and at most 12 properties", () => {
  const manifest = JSON.parse(readFileSync(new URL("custom-elements.json", WIDGET), "utf8"));
  const [{ cssParts, cssProperties, attributes }] = manifest.modules[0].declarations;
  const bundle = readFileSync(BUNDLE, "utf8");
  const properties = new Set([...bundle.matchAll(/--ticker-[a-z-]+/g)].map(([name]) => name));
  assert.deepEqual(new Set(cssProperties.map((/** @type {{name: string}} */ { name }) => name)), properties);
  assert.ok(properties.size <= 12);
  const parts = new Set([...bundle.matchAll(/part:"([a-z]+)"/g)].map(([, name]) => name));
  assert.deepEqual(new Set(cssParts.map((/** @type {{name: string}} */ { name }) => name)), parts);
  assert.ok(attributes.some((/** @type {{name: string}} */ { name }) => name === "min-urgency"));
});

/** What the whole script may weigh, the feed client in it included: bytes, gzip -9. */
const WEIGHT = 10.7 * 1024;

test("the script is small, and imports nothing", () => {
  const bundle = readFileSync(BUNDLE);
  const weight = gzipSync(bundle, { level: 9 }).length;
  assert.ok(weight <= WEIGHT, `${weight} bytes`);
  assert.doesNotMatch(bundle.toString(), /\bimport[ ({*"]|innerHTML|insertAdjacentHTML|document\.cookie|localStorage|sessionStorage|\beval\(/);
});
