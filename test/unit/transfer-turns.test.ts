import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate } from "node:timers/promises";
import { takeTurn } from "../../src/http/transfer.js";

/** Many downloads and the rest of the process (invariant 9). */

test("a turn moves four chunks, whoever is ready, in the order in which they became so", async () => {
  const steps: string[] = [];
  let running = true;
  const endless = (name: string) => ({
    step(): void {
      steps.push(name);
      if (running) takeTurn(this);
    },
  });
  const transfers = ["a", "b", "c"].map(endless);
  for (const transfer of transfers) {
    takeTurn(transfer);
    takeTurn(transfer);
  }
  assert.deepEqual(steps, [], "nothing at once");
  await setImmediate();
  assert.equal(steps.join(""), "abca");
  await setImmediate();
  assert.equal(steps.join(""), "abcabcab");
  running = false;
  await setImmediate();
  await setImmediate();
  assert.equal(steps.join(""), "abcabcabcab");
  takeTurn(transfers[1] as (typeof transfers)[0]);
  await setImmediate();
  assert.equal(steps.at(-1), "b", "goes on after a rest");
});
