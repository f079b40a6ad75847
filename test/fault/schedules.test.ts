import assert from "node:assert/strict";
import { test } from "node:test";
import { describeTally, runSchedules } from "./schedules/run.js";

/**
 * A few random schedules, the same every time unless SEKISHO_SEED says otherwise; `npm run schedules -- --count 10000` is
 * the long run.
 */
const COUNT = 40;
const BUDGET_MS = 15_000;

test("random schedules of acts, kills, power cuts and write failures (invariant 3)", async (t) => {
  const seed = Number(process.env.SEKISHO_SEED ?? 1);
  t.diagnostic(`seed ${seed}`);
  const end = Date.now() + BUDGET_MS;
  const tally = await runSchedules(seed, ({ schedules }) => schedules < COUNT && Date.now() < end);
  t.diagnostic(describeTally(tally));
  assert.ok(Object.keys(tally.fired).length > 0, "faults happened");
});
