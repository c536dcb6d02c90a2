import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { measure, start, step } from "../../../clients/feed/freshness.js";

/** The cases that the Python client passes too. Times are in seconds. */
const golden = JSON.parse(readFileSync(new URL("../../golden/freshness.json", import.meta.url), "utf8"));

const SERVER = Date.parse("2026-03-11T14:00:00Z");

for (const { name, ahead = 0, steps } of golden) {
  test(`freshness: ${name}`, () => {
    let wall = SERVER + ahead * 1000;
    let mono = 100;
    let server = SERVER;
    const now = () => /** @type {const} */ ([wall, mono]);
    let fresh = start(now());
    let redial = false;

    /** @param {any} event */
    const on = (event) => {
      const before = fresh;
      fresh = step(fresh, event, now());
      redial = Boolean(before.opened && !fresh.opened);
    };
    /** @param {any} frame */
    const arrives = (frame) => on({ type: "frame", frame });
    /** @param {number} [milliseconds] */
    const time = (milliseconds = 0) => new Date(server - milliseconds).toISOString();
    /** @type {Record<string, (of: any[], milliseconds: number) => void>} */
    const acts = {
      connect: () => on({ type: "connecting" }),
      poll: () => on({ type: "polling" }),
      lose: () => on({ type: "lost" }),
      slept: () => on({ type: "slept" }),
      delayed: () => arrives({ type: "delayed", since: time() }),
      pin: () => arrives({ type: "pin", position: "2-b", id: null }),
      beat: (_, late) => arrives({ type: "beat", position: "1-a", at: time(late) }),
      "set log": (_, forward) => (server += forward),
      redial: ([expected]) => assert.equal(redial, expected),
      "set clock": (_, forward) => (wall += forward),
      repeat: ([times, steps]) => Array.from({ length: times }, () => steps.forEach(act)),
      pass: (_, passed) => ((server += passed), (wall += passed), (mono += passed)),
      sleep: (_, passed) => ((server += passed), (wall += passed)),
      is: (of) => assert.deepEqual(shown(true), of),
      "off air": (of) => assert.deepEqual(shown(false), of),
    };
    /** @param {boolean} onAir */
    function shown(onAir) {
      const { name, age } = measure(fresh, onAir, now());
      return name === "delayed" ? [name, age] : [name];
    }
    /** @param {any[]} parameters */
    function act([name, ...of]) {
      acts[name]?.(of, Math.round(of[0] * 1000)) ?? assert.ok(name in acts, name);
    }
    steps.forEach(act);
  });
}
