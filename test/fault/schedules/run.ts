import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Command } from "commander";
import { Life, randomFault, randomSteps } from "./driver.js";
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
  await life.run(random, [], { kind: "off", at: 0, fromStart: false }, true);
  await life.end();
}

export function describeTally({ schedules, fired, acknowledged, installations }: Tally): string {
  const faults = Object.entries(fired).map(([kind, count]) => `${kind} ${count}`);
  return `${schedules} schedules on ${installations} installations, ${acknowledged} acts acknowledged; faults: ${faults.join(", ")}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { count, seed } = new Command("schedules")
    .description(
      "Random schedules of operations, kills, power cuts and write failures; stops at the first fault found.",
    )
    .option("--count <n>", "how many", "10000")
    .option("--seed <n>", "repeats the choices of another run", String(Date.now() % 2 ** 31))
    .parse()
    .opts<{ count: string; seed: string }>();
  console.log(`seed ${seed}`);
  const begun = Date.now();
  const tally = await runSchedules(Number(seed), (now) => {
    if (now.schedules > 0 && now.schedules % 100 === 0)
      console.log(`[${((Date.now() - begun) / 1000).toFixed(0).padStart(5)} s] ${describeTally(now)}`);
    return now.schedules < Number(count);
  });
  console.log(`all as acknowledged: ${describeTally(tally)}`);
}
