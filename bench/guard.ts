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

/** By processor: what a cache miss, a system call or a multiplication costs beside the rest differs between them. */
type Committed = Record<string, Record<string, Kept>>;

const readCommitted = (): Committed => (existsSync(FILE) ? JSON.parse(readFileSync(FILE, "utf8")) : {});

/** The committed ratios of a processor by the names of their comparisons. Throws if there are none. */
export function readGuard(cpu: string): Map<string, Kept> {
  const committed = readCommitted();
  const kept = committed[cpu];
  if (kept !== undefined) return new Map(Object.entries(kept));
  const others = Object.keys(committed).join("; ");
  throw new Error(
    `no ratios are committed for this processor, ${cpu}, only for: ${others}. With a build that is right: npm run bench -- guard --write`,
  );
}

/** Writes the ratios of these results as those to be kept for that processor. */
export function writeGuard(results: readonly BenchResult[], cpu: string): void {
  const kept = Object.fromEntries(
    [...comparisonsOf({ results })].map(([name, { ratio, low, high }]) => [name, { ratio, low, high }]),
  );
  const committed = { ...readCommitted(), [cpu]: kept };
  writeFileSync(
    FILE,
    `${JSON.stringify(committed, (_, value) => (typeof value === "number" ? Number(value.toPrecision(4)) : value), 2)}\n`,
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
