import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { measure, start, step } from "../../clients/feed/freshness.js";
import { beat } from "./frames.js";

/** The cases that the Python client passes too. Times are in seconds. */
const golden = JSON.parse(readFileSync(new URL("../golden/freshness.json", import.meta.url), "utf8"));

const SERVER = Date.parse("2026-03-11T14:00:00Z");

for (const { name, ahead = 0, steps } of golden) {
  test(`freshness: ${name}`, () => {
    let now = { wall: SERVER + ahead * 1000, mono: 100 };
    let server = SERVER;
    let fresh = start(now);

    /** @param {any} event */
    const on = (event) => {
      fresh = step(fresh, event, now);
    };
    /** @param {any[]} parameters */
    function act([name, ...of]) {
      const ms = Math.round(of[0] * 1000);
      if (name === "connect") on({ type: "connecting" });
      else if (name === "poll") on({ type: "polling" });
      else if (name === "lose") on({ type: "lost" });
      else if (name === "slept") on({ type: "slept" });
      else if (name === "delayed") on({ type: "frame", frame: { type: "delayed", since: new Date(server).toISOString() } });
      else if (name === "pin") on({ type: "frame", frame: { type: "pin", position: "2-b", id: null } });
      else if (name === "beat") on({ type: "frame", frame: beat("1-a", server - ms) });
      else if (name === "set clock") now = { ...now, wall: now.wall + ms };
      else if (name === "repeat") for (let i = 0; i < of[0]; i += 1) of[1].forEach(act);
      else if (name === "pass" || name === "sleep") {
        server += ms;
        now = { wall: now.wall + ms, mono: now.mono + (name === "pass" ? ms : 0) };
      } else {
        assert.ok(name === "is" || name === "off air", name);
        const status = measure(fresh, name === "is", now);
        assert.deepEqual(status.name === "delayed" ? [status.name, status.age] : [status.name], of);
      }
    }
    steps.forEach(act);
  });
}
