import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { cachedBench } from "./cached.js";
import type { BenchContext } from "./context.js";
import { generatorBench } from "./generator.js";
import { chartSvg } from "./harness/chart.js";
import { thisMachine } from "./harness/machine.js";
import { progressLine } from "./harness/progress.js";
import { reportText } from "./harness/report.js";
import type { BenchResult, BenchRun } from "./harness/result.js";
import { latencyBench } from "./latency.js";
import { signedBench } from "./signed.js";

/** Measures; every ratio is of one run on one machine, beside a null control. PERF.md says what came of it. */

type Bench = (context: BenchContext) => Promise<BenchResult>;

/** In the order in which `npm run bench` runs them all. */
const BENCHES: Readonly<Record<string, Bench>> = {
  generator: generatorBench,
  cached: cachedBench,
  signed: signedBench,
  latency: latencyBench,
};

interface Options {
  readonly json?: string;
  readonly charts?: string;
  readonly rounds?: number;
}

const count = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 2) throw new InvalidArgumentError("expected a whole number from 2");
  return value;
};

const program = new Command("bench")
  .description("Measures on loopback, in temporary directories, with controls in the same run.")
  .argument("[names...]", `which: ${Object.keys(BENCHES).join(", ")}; none: all of them`)
  .option("--json <file>", "write the results for machines")
  .option("--charts <dir>", "write the charts as SVG files")
  .option("--rounds <n>", "rounds of interleaved trials", count)
  .action(run);

async function run(names: readonly string[], options: Options): Promise<void> {
  const strange = names.find((name) => BENCHES[name] === undefined);
  if (strange !== undefined)
    throw new Error(`no bench is named ${strange}: ${Object.keys(BENCHES).join(", ")}`);
  const date = new Date().toISOString();
  const results: BenchResult[] = [];
  for (const name of names.length > 0 ? names : Object.keys(BENCHES))
    results.push(await runOne(name, options));
  const command = ["npm run bench --", ...process.argv.slice(2)].join(" ");
  const finished: BenchRun = { command, date, machine: thisMachine(), results };
  if (options.json !== undefined) writeFileSync(options.json, `${JSON.stringify(finished, undefined, 1)}\n`);
  if (options.charts !== undefined) writeCharts(options.charts, results);
  console.log(reportText(finished));
  if (results.some(({ controls }) => controls.some(({ passed }) => !passed)))
    throw new Error("a control failed: these figures are not to be believed");
}

function writeCharts(dir: string, results: readonly BenchResult[]): void {
  mkdirSync(dir, { recursive: true });
  for (const { bench, charts = [] } of results)
    for (const [i, chart] of charts.entries())
      writeFileSync(join(dir, `${bench}-${i + 1}.svg`), chartSvg(chart));
}

async function runOne(name: string, { rounds }: Options): Promise<BenchResult> {
  const dir = mkdtempSync(join(tmpdir(), "sekisho-bench-"));
  const progress = progressLine(name);
  const endings: (() => Promise<void>)[] = [];
  const atEnd: BenchContext["atEnd"] = (act) => endings.unshift(act);
  try {
    const context = { dir, progress: progress.say, atEnd };
    return await (BENCHES[name] as Bench)(rounds === undefined ? context : { ...context, rounds });
  } finally {
    for (const end of endings) await end();
    progress.end();
    rmSync(dir, { recursive: true, force: true });
  }
}

// What was started ends with the process.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
try {
  await program.parseAsync();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
