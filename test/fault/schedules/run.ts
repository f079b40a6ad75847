import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { FAULTS } from "../../support/write-faults.js";
import { everyStep, Life, NO_FAULT, randomFault, randomSteps } from "./driver.js";
import { ACTS } from "./protocol.js";
import { Random } from "./random.js";

/** Schedules that one installation lives through before a fresh one takes its place. */
const SCHEDULES_A_LIFE = 50;

export interface Tally {
  schedules: number;
  /** Schedules in which the fault happened, by its kind. */
  readonly fired: Record<string, number>;
  acknowledged: number;
  installations: number;
}

/**
 * Runs random schedules of acts under random faults until `goesOn` says no. Throws on the first acknowledged change
 * that is lost, number that is used twice or difference that fsck finds; the message holds the schedule.
 */
export async function runSchedules(seed: number, goesOn: (tally: Tally) => boolean): Promise<Tally> {
  const tally: Tally = { schedules: 0, fired: {}, acknowledged: 0, installations: 0 };
  const faultsDir = mkdtempSync(join(tmpdir(), "sekisho-faults-"));
  const random = new Random(seed);
  while (goesOn(tally)) await liveOnce(random, faultsDir, tally, goesOn);
  rmSync(faultsDir, { recursive: true });
  return tally;
}

async function liveOnce(
  random: Random,
  faultsDir: string,
  tally: Tally,
  goesOn: (tally: Tally) => boolean,
): Promise<void> {
  const life = await Life.begin(faultsDir);
  const before = tally.acknowledged;
  tally.installations++;
  for (let count = 0; count < SCHEDULES_A_LIFE && goesOn(tally); count++) {
    const fault = randomFault(random);
    // Now and then the next issuer recovers under the next fault.
    const { fired } = await life.run(random, randomSteps(random), fault, random.chance(0.8));
    tally.schedules++;
    if (fired) tally.fired[fault.kind] = (tally.fired[fault.kind] ?? 0) + 1;
    tally.acknowledged = before + life.model.acknowledged;
  }
  await life.run(random, [], NO_FAULT, true);
  await life.end();
}

/** Every kind of fault at every step of every act. */
async function runSteps(seed: number): Promise<void> {
  const faultsDir = mkdtempSync(join(tmpdir(), "sekisho-faults-"));
  const random = new Random(seed);
  for (const kind of FAULTS.slice(1)) {
    const life = await Life.begin(faultsDir);
    await life.run(random, [["issue"], ["renew"], ["publish"]], NO_FAULT, true);
    for (const act of ACTS)
      console.log(`${kind} at each of ${await everyStep(life, random, act, kind)} steps of ${act}`);
    await life.end();
  }
  rmSync(faultsDir, { recursive: true });
}

export function describeTally({ schedules, fired, acknowledged, installations }: Tally): string {
  const faults = Object.entries(fired).map(([kind, count]) => `${kind} ${count}`);
  return `${schedules} schedules on ${installations} installations, ${acknowledged} acts acknowledged; faults: ${faults.join(", ")}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { count, seed, steps } = new Command("schedules")
    .description(
      "Random schedules of operations, kills, power cuts and write failures; stops at the first fault found.",
    )
    .option("--count <n>", "how many", "10000")
    .option("--seed <n>", "repeats the choices of another run", String(Date.now() % 2 ** 31))
    .option("--steps", "first every kind of fault at every step of every act", false)
    .parse()
    .opts<{ count: string; seed: string; steps: boolean }>();
  console.log(`seed ${seed}`);
  if (steps) await runSteps(Number(seed));
  const begun = Date.now();
  const tally = await runSchedules(Number(seed), (now) => {
    if (now.schedules > 0 && now.schedules % 100 === 0)
      console.log(`[${((Date.now() - begun) / 1000).toFixed(0).padStart(5)} s] ${describeTally(now)}`);
    return now.schedules < Number(count);
  });
  console.log(`all as acknowledged: ${describeTally(tally)}`);
}
