import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { anatomyBench } from "./anatomy.js";
import { cachedBench } from "./cached.js";
import { compareRuns, readRun } from "./compare.js";
import type { BenchContext } from "./context.js";
import { crlBench, crlLargeBench } from "./crl.js";
import { generatorBench } from "./generator.js";
import { growthBench } from "./growth.js";
import { judge, readGuard, writeGuard } from "./guard.js";
import { chartSvg } from "./harness/chart.js";
import { thisMachine } from "./harness/machine.js";
import { progressLine } from "./harness/progress.js";
import { headText, resultText } from "./harness/report.js";
import type { BenchResult, BenchRun } from "./harness/result.js";
import { latencyBench } from "./latency.js";
import { loadAny } from "./load/command.js";
import { microBench } from "./micro.js";
import { presignBench } from "./presign.js";
import { scaleBench, scaleLargeBench } from "./scale.js";
import { scenariosBench } from "./scenarios.js";
import { signedBench } from "./signed.js";
import { signingFiguresBench } from "./signing-figures.js";
import { storeFiguresBench } from "./store-figures.js";
import { stormBench } from "./storm.js";

/** Measures; every ratio is of one run on one machine, beside a null control. PERF.md says what came of it. */

type Bench = (context: BenchContext) => Promise<BenchResult>;

/** In the order in which `npm run bench` runs them all. */
const BENCHES: Readonly<Record<string, Bench>> = {
  generator: generatorBench,
  micro: microBench,
  cached: cachedBench,
  signed: signedBench,
  signing: signingFiguresBench,
  scenarios: scenariosBench,
  anatomy: anatomyBench,
  latency: latencyBench,
  presign: presignBench,
  store: storeFiguresBench,
  scale: scaleBench,
  growth: growthBench,
  crl: crlBench,
  storm: stormBench,
  "scale-10m": scaleLargeBench,
  "crl-10m": crlLargeBench,
};

/** What the guard runs: minutes, and nothing that grows with a population. */
const GUARDED = ["micro", "cached", "signed"];

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

const program = new Command("bench").description(
  "Measures on loopback, in temporary directories, with controls in the same run.",
);
program
  .command("run", { isDefault: true })
  .description("run benches (what is done without a command)")
  .argument("[names...]", `which: ${Object.keys(BENCHES).join(", ")}; none: all of them`)
  .option("--json <file>", "write the results for machines")
  .option("--charts <dir>", "write the charts as SVG files")
  .option("--rounds <n>", "rounds of interleaved trials", count)
  .action(runAll);
program
  .command("load")
  .description("load any responder with the open-loop generator and verify a sample of its answers")
  .argument("<url>", "http://HOST[:PORT]/PATH")
  .requiredOption("--issuer <pem>", "certificate of the issuer")
  .requiredOption("--cert <pem...>", "certificates to ask about, in turn")
  .option("--rate <n>", "requests a second, sent when they are due; absent: as fast as answers come", count)
  .option("--seconds <n>", "how long", count, 10)
  .option("--connections <n>", "kept-alive connections", count, 32)
  .option("--get", "ask by GET", false)
  .option("--nonce", "a new nonce in each request (POST)", false)
  .option("--allow-remote", "the host is not loopback, and whoever runs it knows", false)
  .action(loadAny);
program
  .command("compare")
  .description("show the ratios of two runs side by side")
  .argument("<a>", "file of a run with --json")
  .argument("<b>", "another")
  .action((a: string, b: string) => console.log(compareRuns(readRun(a), readRun(b))));
program
  .command("guard")
  .description(
    "compare ratios with those committed for this processor (bench/guard.json); exit 1 if one got worse beyond the noise",
  )
  .option("--write", "commit to these ratios instead", false)
  .option("--from <file...>", "take the ratios of runs with --json instead of measuring")
  .action(guard);

async function runAll(names: readonly string[], options: Options): Promise<void> {
  const strange = names.find((name) => BENCHES[name] === undefined);
  if (strange !== undefined)
    throw new Error(`no bench is named ${strange}: ${Object.keys(BENCHES).join(", ")}`);
  const command = ["npm run bench --", ...process.argv.slice(2)].join(" ");
  const results: BenchResult[] = [];
  const finished: BenchRun = { command, date: new Date().toISOString(), machine: thisMachine(), results };
  console.log(headText(finished));
  for (const name of names.length > 0 ? names : Object.keys(BENCHES)) {
    const result = await runOne(name, options.rounds);
    results.push(result);
    console.log(`\n${resultText(result)}`);
    // After each, so that a run that is stopped has not been for nothing.
    if (options.json !== undefined)
      writeFileSync(options.json, `${JSON.stringify(finished, undefined, 1)}\n`);
    if (options.charts !== undefined) writeCharts(options.charts, result);
  }
  assertControls(results);
}

interface GuardOptions {
  readonly write: boolean;
  readonly from?: readonly string[];
}

async function guard({ write, from }: GuardOptions): Promise<void> {
  const runs = from?.map(readRun) ?? [await measureGuarded()];
  const [cpu, other] = [...new Set(runs.map(({ machine }) => machine.cpu))];
  if (cpu === undefined || other !== undefined) throw new Error("the runs must be of one processor");
  const results = runs.flatMap((run) => run.results).filter(({ bench }) => GUARDED.includes(bench));
  assertControls(results);
  if (write) {
    writeGuard(results, cpu);
    return;
  }
  const { text, worse } = judge(results, readGuard(cpu));
  console.log(text);
  if (worse.length > 0) throw new Error(`worse beyond the noise: ${worse.join("; ")}`);
}

async function measureGuarded(): Promise<Pick<BenchRun, "machine" | "results">> {
  const results: BenchResult[] = [];
  for (const name of GUARDED) results.push(await runOne(name, undefined));
  return { machine: thisMachine(), results };
}

function assertControls(results: readonly BenchResult[]): void {
  const failed = results.flatMap(({ controls }) => controls).filter(({ passed }) => !passed);
  if (failed.length > 0)
    throw new Error(
      `these figures are not to be believed: ${failed.map(({ what, detail }) => `${what} (${detail})`).join("; ")}`,
    );
}

function writeCharts(dir: string, { bench, charts = [] }: BenchResult): void {
  mkdirSync(dir, { recursive: true });
  for (const [i, chart] of charts.entries())
    writeFileSync(join(dir, `${bench}-${i + 1}.svg`), chartSvg(chart));
}

async function runOne(name: string, rounds: number | undefined): Promise<BenchResult> {
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
