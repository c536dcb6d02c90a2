/**
 * Bundles the browser clients into clients/dist, which is committed so that the service needs Python alone.
 *
 *   npm run build    writes the bundles and their manifest
 *   npm run watch    the same, and again after each change of a source
 *   npm run fresh    writes nothing; fails when what is committed is not what the sources make
 *
 * The manifest has, for each bundle, the name in its URL, which carries a hash of the content and may be cached for
 * ever, and its integrity (Subresource Integrity, sha384).
 */

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { parse } from "node:path";
import * as esbuild from "esbuild";
import { minify } from "terser";

const CLIENTS = new URL("../clients/", import.meta.url);
const DIST = new URL("dist/", CLIENTS);

/** The oldest browsers that the clients support; README.md names them too. */
const TARGET = ["chrome111", "firefox123", "safari16.4"];

/** One bundle for each page, and what embedders load. The source is relative to clients/. */
const BUNDLES = {
  "reader.js": "reader/reader.js",
  "story.js": "reader/story.js",
  "dispatch.js": "reader/permalink.js",
  "reader.css": "reader/index.css",
  "docs.css": "reader/docs.css",
  "desk.js": "desk/desk.js",
  "worker.js": "desk/worker.js",
  "desk.css": "desk/index.css",
  "touch.png": "desk/touch.png",
  "tile.png": "desk/tile.png",
  "icon.svg": "reader/icon.svg",
  "favicon.ico": "reader/favicon.ico",
  "ticker.js": "widget/index.js",
  "widget.css": "widget/widget.css",
  "embed.js": "embed/index.js",
  "embed.css": "embed/index.css",
  "gallery.js": "gallery/index.js",
  "gallery.css": "gallery/index.css",
};

/** A style sheet that a script imports is a string in it, minified as the others are. @type {esbuild.Plugin} */
const styleAsText = {
  name: "style-as-text",
  setup({ onLoad }) {
    onLoad({ filter: /\.css$/ }, async ({ path, with: attributes }) => {
      if (attributes.type !== "text") return undefined;
      const { code } = await esbuild.transform(await readFile(path), { loader: "css", minify: true, target: TARGET });
      return { contents: code.trim(), loader: "text" };
    });
  },
};

/** @type {esbuild.BuildOptions} */
const OPTIONS = {
  absWorkingDir: new URL(".", CLIENTS).pathname,
  entryPoints: Object.entries(BUNDLES).map(([out, source]) => ({ in: source, out: parse(out).name + parse(out).ext })),
  outdir: "dist",
  bundle: true,
  minify: true,
  format: "esm",
  charset: "utf8",
  loader: { ".svg": "copy", ".ico": "copy", ".png": "copy" },
  target: TARGET,
  legalComments: "none",
  write: false,
  logLevel: "warning",
  plugins: [styleAsText],
};

/**
 * A bundle minified again: esbuild does not inline functions that are called once, which is 4 to 5 % of what is sent.
 *
 * @param {Uint8Array} bundle
 */
async function minifyAgain(bundle) {
  const { code = "" } = await minify(new TextDecoder().decode(bundle), { module: true, ecma: 2022, compress: { passes: 3, unsafe_arrows: true, sequences: false } });
  return new TextEncoder().encode(`${code}\n`);
}

/**
 * @param {esbuild.OutputFile[]} outputs
 * @returns {Promise<Map<string, Uint8Array | string>>} what belongs into clients/dist, by name
 */
async function files(outputs) {
  const found = new Map();
  /** @type {Record<string, {file: string, integrity: string}>} */
  const manifest = {};
  for (const { path, contents: bundle } of outputs) {
    // esbuild adds the extension to a name that has one already.
    const { name } = parse(path);
    const contents = name.endsWith(".js") ? await minifyAgain(bundle) : bundle;
    found.set(name, contents);
    const hash = createHash("sha256").update(contents).digest("hex").slice(0, 10);
    const file = `${parse(name).name}-${hash}${parse(name).ext}`;
    manifest[name] = { file, integrity: `sha384-${createHash("sha384").update(contents).digest("base64")}` };
  }
  const sorted = Object.fromEntries(Object.entries(manifest).sort(([a], [b]) => (a < b ? -1 : 1)));
  return found.set("manifest.json", `${JSON.stringify(sorted, null, 2)}\n`);
}

/** @param {Map<string, Uint8Array | string>} wanted @returns {Promise<string[]>} names of what is not as it should be */
async function stale(wanted) {
  const there = existsSync(DIST) ? await readdir(DIST) : [];
  const wrong = there.filter((name) => !wanted.has(name));
  for (const [name, contents] of wanted) {
    const known = there.includes(name) && (await readFile(new URL(name, DIST)));
    if (!known || !known.equals(Buffer.from(contents))) wrong.push(name);
  }
  return wrong;
}

/** @param {esbuild.OutputFile[]} outputs */
async function write(outputs) {
  const wanted = await files(outputs);
  await mkdir(DIST, { recursive: true });
  for (const name of await stale(wanted)) {
    const contents = wanted.get(name);
    await (contents === undefined ? rm(new URL(name, DIST)) : writeFile(new URL(name, DIST), contents));
    console.log(contents === undefined ? `removed clients/dist/${name}` : `wrote clients/dist/${name}`);
  }
}

/** @type {esbuild.Plugin} */
const writing = {
  name: "write",
  setup({ onEnd }) {
    onEnd(async ({ outputFiles, errors }) => {
      if (!errors.length) await write(outputFiles ?? []);
    });
  },
};

const [command] = process.argv.slice(2);
if (command === "--watch") {
  const context = await esbuild.context({ ...OPTIONS, plugins: [...(OPTIONS.plugins ?? []), writing] });
  await context.watch();
} else {
  const { outputFiles = [] } = await esbuild.build(OPTIONS);
  if (command !== "--check") await write(outputFiles);
  else {
    const wrong = await stale(await files(outputFiles));
    if (wrong.length) {
      console.error(`clients/dist is stale (${wrong.join(", ")}); run: npm run build`);
      process.exitCode = 1;
    }
  }
}
