import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { FAULTS, type FaultKind } from "../support/write-faults.js";
import { everyStep, Life, NO_FAULT } from "./schedules/driver.js";
import type { Act } from "./schedules/protocol.js";
import { Random } from "./schedules/random.js";

/**
 * kill -9 at every step of every commit protocol (invariant 3): before each write, sync, link, renaming and creation of a
 * file that an act makes, the journal's append among them. After each the installation is restarted and checked as a
 * whole. With SEKISHO_LONG=1 every act that commits meets every kind of fault at every step, publications of complete CRLs,
 * delta CRLs and shards among them; `npm run schedules` mixes them at random.
 */

const IS_LONG = process.env.SEKISHO_LONG === "1";
const ACTS: readonly Act[] = IS_LONG
  ? ["issue", "revoke", "publish", "publish-delta", "publish-shard", "renew", "checkpoint"]
  : ["revoke"];
const KINDS: readonly FaultKind[] = IS_LONG ? FAULTS.slice(1) : ["kill-before"];

describe("a fault at every step", () => {
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
    for (const kind of KINDS)
      test(`${kind} during ${act}`, async (t) => {
        const steps = await everyStep(life, random, act, kind);
        t.diagnostic(`${steps} steps`);
        assert.ok(steps >= 5, `${steps} steps`);
      });
});
