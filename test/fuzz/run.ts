import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { TARGETS } from "./all-targets.js";
import { readCorpus } from "./corpus.js";
import { type Found, Fuzzer } from "./fuzzer.js";
import type { FuzzTarget } from "./target.js";

/** `npm run fuzz`: looks for inputs that break a rule, for as long as wanted. Exit 1 if it found one. */

const FINDINGS = "fuzz-findings";
const REPORT_MS = 10_000;
/** The clock is looked at once in so many inputs. */
const STRETCH = 200;

const count = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("expected a whole number from 1");
  return value;
};

interface Options {
  readonly seconds: number;
  readonly target?: string;
  readonly seed: number;
}

const program = new Command("fuzz")
  .description(
    "Fuzzes the parsers of foreign bytes; what breaks a rule is made small and written to fuzz-findings/.",
  )
  .option("--seconds <n>", "how long, shared by the targets", count, 60)
  .addOption(new Option("--target <name>", "one target alone").choices(Object.keys(TARGETS)))
  .option("--seed <n>", "repeats another run's inputs", count, 1 + (Date.now() % 2 ** 31))
  .parse();

const { seconds, target, seed } = program.opts<Options>();
const names = target === undefined ? Object.keys(TARGETS) : [target];
for (const name of names) {
  const found = fuzz((TARGETS[name] as () => FuzzTarget)(), seconds / names.length, seed);
  for (const each of found) report(name, each, seed);
  if (found.length > 0) process.exitCode = 1;
}

function fuzz(target: FuzzTarget, seconds: number, seed: number): readonly Found[] {
  console.log(`${target.name}: seed ${seed}, ${seconds.toFixed(0)} s`);
  const corpus = readCorpus(target.name).map(({ input }) => input);
  const start = performance.now();
  const fuzzer = new Fuzzer(target, corpus, seed);
  let reported = start;
  for (let now = start; now - start < seconds * 1000; now = performance.now()) {
    for (let i = 0; i < STRETCH; i++) fuzzer.step();
    if (now - reported < REPORT_MS) continue;
    reported = now;
    console.log(state(target, fuzzer));
  }
  console.log(state(target, fuzzer));
  return fuzzer.found;
}

function state({ name }: FuzzTarget, { executions, outcomes, found }: Fuzzer): string {
  return `${name}: ${executions} inputs, ${outcomes.size} outcomes, ${found.length} findings`;
}

function report(target: string, { input, rule, cause }: Found, seed: number): void {
  mkdirSync(FINDINGS, { recursive: true });
  const name = `${target}-${rule.replace(/[^a-z0-9]+/gi, "-").slice(0, 60)}`;
  const reason = cause instanceof Error ? `${cause.stack}\n` : "";
  writeFileSync(join(FINDINGS, `${name}.hex`), `${Buffer.from(input).toString("hex")}\n`);
  writeFileSync(join(FINDINGS, `${name}.txt`), `target ${target}\nseed ${seed}\nrule ${rule}\n${reason}`);
  console.log(`${target}: ${rule}\n  ${Buffer.from(input).toString("hex")}\n  ${join(FINDINGS, name)}.txt`);
}
