/** The npm package ticker-feed: what it holds, what it weighs, what it does when imported, which browsers it asks for. */

import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import * as esbuild from "esbuild";
import * as fold from "../../../clients/feed/fold.js";
import { follow } from "../../../clients/feed/follow.js";

/** @typedef {typeof import("../../../clients/feed/index.js")} Declared */

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const FEED = join(ROOT, "clients/feed");
const scratch = mkdtempSync(join(tmpdir(), "ticker-feed-"));
after(() => rmSync(scratch, { recursive: true }));

/** The package as npm would install it. */
function installed() {
  const home = join(scratch, "node_modules/ticker-feed");
  mkdirSync(home, { recursive: true });
  const [packed] = JSON.parse(execFileSync("npm", ["pack", "--json", "--pack-destination", scratch, FEED], { encoding: "utf8" }));
  execFileSync("tar", ["xzf", join(scratch, packed.filename), "--strip-components=1", "-C", home]);
  return packed.files.map((/** @type {{path: string}} */ { path }) => path);
}

test("the packed package has the modules, their types, a licence and how to use it, and no more", () => {
  const modules = readdirSync(FEED).filter((name) => /\.(js|d\.ts)$/.test(name));
  assert.deepEqual(installed().sort(), [...modules, "LICENSE", "README.md", "package.json"].sort());
  assert.equal(readFileSync(join(FEED, "LICENSE"), "utf8"), readFileSync(join(ROOT, "LICENSE"), "utf8"));
  const { dependencies, version } = JSON.parse(readFileSync(join(FEED, "package.json"), "utf8"));
  assert.equal(dependencies, undefined);
  assert.match(version, /^\d+\.\d+\.\d+$/);
});

test("imported where there is no document it does nothing", () => {
  const program = join(scratch, "import.mjs");
  writeFileSync(program, `
    const before = Object.getOwnPropertyNames(globalThis).length;
    for (const name of ["fetch", "setTimeout"]) globalThis[name] = () => { throw new Error(name); };
    console.log(Object.keys(await import("ticker-feed")).sort().join(" "), Object.getOwnPropertyNames(globalThis).length - before);
  `);
  const { stdout, stderr } = spawnSync("node", [program], { encoding: "utf8", timeout: 20_000 });
  assert.equal(stderr, "");
  assert.equal(stdout.trim(), "empty fold follow learn pinIsMissing supersedes tombstone 0");
});

test("bundled for the oldest browsers supported it takes at most 4,096 bytes", async () => {
  const { outputFiles } = await esbuild.build({
    entryPoints: [join(FEED, "index.js")], bundle: true, minify: true, format: "esm", write: false,
    target: ["chrome111", "firefox123", "safari16.4"],
  });
  const size = gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length;
  assert.ok(size > 2_000 && size <= 4_096, `${size} bytes`);
});

test("the declared types are those of the sources", () => {
  /** @type {Declared["follow"]} */
  const declared = follow;
  /** @type {typeof follow} */
  const source = /** @type {Declared["follow"]} */ (follow);
  assert.equal(declared, source);
  /** @type {Omit<Declared, "follow">} */
  const pure = fold;
  /** @type {Pick<typeof fold, keyof typeof pure>} */
  const back = pure;
  assert.equal(back, pure);
});

/** @param {string} code @returns {string} what the type checker says under the clients' own settings */
function checked(code) {
  const home = mkdtempSync(join(ROOT, "tests/clients/feed/.checked-"));
  try {
    writeFileSync(join(home, "module.js"), code);
    writeFileSync(join(home, "tsconfig.json"), JSON.stringify({ extends: "../../../../tsconfig.json", files: ["module.js"], include: [] }));
    return spawnSync(join(ROOT, "node_modules/.bin/tsc"), ["-p", home], { encoding: "utf8" }).stdout;
  } finally {
    rmSync(home, { recursive: true });
  }
}

test("what is newer than ES2022 is refused by the type checker", () => {
  assert.equal(checked("export const last = [1, 2].at(-1);\n"), "");
  const calls = [
    "[1].toSpliced(0, 1)", "[1].with(0, 2)", "[1].toSorted()", "[1].toReversed()", "[1].findLast((one) => one > 0)",
    "Array.fromAsync([1])", "Promise.withResolvers()", "Object.groupBy([1], String)", "new Set([1]).union(new Set([2]))",
  ];
  const errors = checked(calls.map((call, number) => `export const it${number} = ${call};\n`).join(""));
  const refused = new Set([...errors.matchAll(/module\.js\((\d+),/g)].map(([, row]) => calls[Number(row) - 1]));
  assert.deepEqual(calls.filter((call) => !refused.has(call)), []);
});
