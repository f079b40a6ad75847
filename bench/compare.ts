import { readFileSync } from "node:fs";
import { describeMachine } from "./harness/machine.js";
import { table } from "./harness/report.js";
import type { BenchRun, Comparison } from "./harness/result.js";

/** Reads what a run wrote with --json. */
export function readRun(file: string): BenchRun {
  return JSON.parse(readFileSync(file, "utf8"));
}

/** Comparisons of a run by their name. */
export function comparisonsOf({ results }: Pick<BenchRun, "results">): Map<string, Comparison> {
  return new Map(
    results.flatMap(({ bench, comparisons }) =>
      comparisons.map((comparison) => [nameOf(bench, comparison), comparison] as const),
    ),
  );
}

const nameOf = (bench: string, { what, against, metric }: Comparison): string =>
  `${bench}: ${what} / ${against}, ${metric}`;

/** Ratios of two runs side by side. Absolute figures are not compared: they belong to their machine and hour. */
export function compareRuns(a: BenchRun, b: BenchRun): string {
  const others = comparisonsOf(b);
  const rows = [...comparisonsOf(a)].flatMap(([name, before]) => {
    const after = others.get(name);
    if (after === undefined) return [];
    const change = after.ratio / before.ratio - 1;
    const apart = before.high < after.low || after.high < before.low;
    return [
      [
        name,
        before.ratio.toFixed(3),
        after.ratio.toFixed(3),
        `${(change * 100).toFixed(1)} %`,
        apart ? "differs" : "within noise",
      ],
    ];
  });
  const head = (label: string, { date, machine }: BenchRun): string =>
    `${label}: ${date}\n${describeMachine(machine)}`;
  const names = ["ratio", "A", "B", "change", ""];
  return [head("A", a), head("B", b), table(names, rows)].join("\n\n");
}
