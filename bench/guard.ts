import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { comparisonsOf } from "./compare.js";
import { table } from "./harness/report.js";
import type { BenchResult, Comparison } from "./harness/result.js";

/** The committed ratios; this file runs from dist/bench. */
const FILE = fileURLToPath(new URL("../../bench/guard.json", import.meta.url));
/** Machines differ in what a cache miss or a system call costs beside the rest; a smaller loss is no finding. */
const TOLERANCE = 0.1;

/** A ratio as committed, with its interval: whatever lies in it was noise then. */
export type Kept = Pick<Comparison, "ratio" | "low" | "high">;

/** The committed ratios by the names of their comparisons. */
export function readGuard(): Map<string, Kept> {
  return new Map(existsSync(FILE) ? Object.entries(JSON.parse(readFileSync(FILE, "utf8"))) : []);
}

/** Writes the ratios of these results as those to be kept. */
export function writeGuard(results: readonly BenchResult[]): void {
  const kept = Object.fromEntries(
    [...comparisonsOf({ results })].map(([name, { ratio, low, high }]) => [name, { ratio, low, high }]),
  );
  writeFileSync(
    FILE,
    `${JSON.stringify(kept, (_, value) => (typeof value === "number" ? Number(value.toPrecision(4)) : value), 2)}\n`,
  );
}

/**
 * Compares results with the committed ratios: text for people, and the names of those that got worse beyond what noise
 * explains, which is: the two 95 % intervals do not touch, and the loss is greater than the smallest effect that this
 * run could have seen and than TOLERANCE.
 */
export function judge(
  results: readonly BenchResult[],
  kept: ReadonlyMap<string, Kept>,
): { text: string; worse: string[] } {
  const worse: string[] = [];
  const rows = [...comparisonsOf({ results })].flatMap(([name, now]) => {
    const before = kept.get(name);
    if (before === undefined) return [];
    const loss = now.metric === "cost" ? now.ratio / before.ratio - 1 : before.ratio / now.ratio - 1;
    const apart = now.metric === "cost" ? now.low > before.high : now.high < before.low;
    const isWorse = apart && loss > Math.max(TOLERANCE, now.null.smallestEffect);
    if (isWorse) worse.push(name);
    return [
      [
        name,
        before.ratio.toFixed(3),
        now.ratio.toFixed(3),
        `${(loss * 100).toFixed(1)} %`,
        isWorse ? "WORSE" : "ok",
      ],
    ];
  });
  if (rows.length === 0) throw new Error("none of these ratios is committed: npm run bench -- guard --write");
  return { text: table(["ratio", "committed", "now", "loss", ""], rows), worse };
}
