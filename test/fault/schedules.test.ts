import assert from "node:assert/strict";
import { randomInt } from "node:crypto";
import { test } from "node:test";
import { describeTally, runSchedules } from "./schedules/run.js";

/** As many random schedules as fit, up to a few hundred; `npm run schedules -- --count 10000` is the long run. */
const COUNT = 300;
const BUDGET_MS = 45_000;

test("random schedules of acts, kills, power cuts and write failures (invariant 3)", async (t) => {
  const seed = Number(process.env.SCHEDULES_SEED ?? randomInt(2 ** 31));
  t.diagnostic(`seed ${seed}`);
  const end = Date.now() + BUDGET_MS;
  const tally = await runSchedules(seed, ({ schedules }) => schedules < COUNT && Date.now() < end);
  t.diagnostic(describeTally(tally));
  assert.ok(Object.keys(tally.fired).length > 0, "faults happened");
});
