import assert from "node:assert/strict";
import { test } from "node:test";
import { qrPath } from "../../../clients/desk/qr.js";

/** @param {string} text @returns {Set<string>} the dark modules */
function modules(text) {
  return new Set([...qrPath(text).matchAll(/M(\d+) (\d+)h1v1h-1z/g)].map(([, x, y]) => `${x},${y}`));
}

test("it has its three corners, and a quiet zone of four modules around it", () => {
  const [size] = qrPath("https://news.example/desk#invitation=x").split(" ");
  const dark = modules("https://news.example/desk#invitation=x");
  const last = Number(size) - 5;
  for (const [x, y] of /** @type {const} */ ([[4, 4], [last - 6, 4], [4, last - 6]])) {
    for (let n = 0; n < 7; n += 1) assert.ok(dark.has(`${x + n},${y}`) && dark.has(`${x},${y + n}`), `corner at ${x}, ${y}`);
  }
  assert.ok([...dark].every((module) => module.split(",").every((at) => Number(at) >= 4 && Number(at) <= last)));
});

test("another text is another picture", () => assert.notEqual(qrPath("a"), qrPath("b")));
