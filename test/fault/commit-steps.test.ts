import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { everyStep, Life, NO_FAULT } from "./schedules/driver.js";
import type { Act } from "./schedules/protocol.js";
import { Random } from "./schedules/random.js";

/**
 * kill -9 at every step of every commit protocol (invariant 3): before each write, sync, renaming and creation of a file
 * that an act makes, the journal's append among them. After each the installation is restarted and checked as a whole.
 * `npm run schedules` does the same with every other kind of fault. Some acts here, all of them with SEKISHO_LONG=1.
 */

const ACTS: readonly Act[] =
  process.env.SEKISHO_LONG === "1" ? ["issue", "revoke", "publish", "renew", "checkpoint"] : ["revoke"];

describe("kill -9 at every step", () => {
  let life: Life;
  let faultsDir: string;
  const random = new Random(1);
  before(async () => {
    faultsDir = mkdtempSync(join(tmpdir(), "sekisho-faults-"));
    life = await Life.begin(faultsDir);
    await life.run(random, [["issue"], ["renew"], ["revoke"], ["publish"]], NO_FAULT, true);
  });
  after(async () => {
    await life.end();
    rmSync(faultsDir, { recursive: true });
  });

  for (const act of ACTS)
    test(`kill -9 during ${act}`, async () => {
      const steps = await everyStep(life, random, act, "kill-before");
      assert.ok(steps >= 5, `${steps} steps`);
    });
});
