import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { isVisible } from "../../../clients/desk/quoted.js";

const golden = JSON.parse(readFileSync(new URL("../../golden/visible.json", import.meta.url), "utf8"));

for (const [kind, texts] of Object.entries(golden)) {
  for (const text of texts) {
    test(`the text ${JSON.stringify(text)} is ${kind}, as the service has it`, () => {
      assert.equal(isVisible(text), kind === "visible");
    });
  }
}
