/**
 * Keeps the widget's current bundle as a released version, under the version of pyproject.toml.
 *
 *   npm run release    writes clients/released/{version}/ticker.js and its sha384, once
 *
 * Embedders pin a released script with its hash, so it is never written again: a version that is there is refused.
 */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";

const ROOT = new URL("../", import.meta.url);

const [, version] = /^version = "(\d+\.\d+\.\d+)"$/m.exec(await readFile(new URL("pyproject.toml", ROOT), "utf8")) ?? [];
if (!version) throw new Error("pyproject.toml has no version of the form x.y.z");

const folder = new URL(`clients/released/${version}/`, ROOT);
if (existsSync(folder)) {
  console.error(`${version} was released already and must stay as it is; raise the version in pyproject.toml first`);
  process.exit(1);
}

const fresh = spawnSync(process.execPath, [new URL("scripts/build.js", ROOT).pathname, "--check"], { stdio: "inherit" });
if (fresh.status !== 0) process.exit(1);

const script = await readFile(new URL("clients/dist/ticker.js", ROOT));
const integrity = `sha384-${createHash("sha384").update(script).digest("base64")}`;
await mkdir(folder, { recursive: true });
await writeFile(new URL("ticker.js", folder), script);
await writeFile(new URL("ticker.js.sha384", folder), `${integrity}\n`);
console.log(`released ${version}: ${integrity}`);
