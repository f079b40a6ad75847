import { join } from "node:path";
import { anonymousMiB } from "../test/soak/memory.js";
import { Service } from "../tools/quickstart/services.js";
import { type BenchContext, startDemo } from "./context.js";
import type { BenchResult, Chart, Figure } from "./harness/result.js";
import { measureRate } from "./load/rate.js";
import { populationQuestions, seed } from "./population.js";

const CONNECTIONS = 32;
const SIZES = [10_000, 100_000, 1_000_000];
const LARGE = 10_000_000;
/** Certificates that are asked about: no answer is asked for twice while they are signed. */
const ASKED = 60_000;
const SIGNED_SECONDS = 2;
const WARM = 5_000;
const START_SECONDS = 30;
/** DESIGN 7: start-up with 10 M certificates. */
const MOST_START_MS = 2_000;

/** What a responder's start, its answers and its memory cost as the population grows; P-256, software keys. */
export async function scaleBench(context: BenchContext): Promise<BenchResult> {
  return grow(context, "scale", SIZES);
}

/** The same with ten million certificates. */
export async function scaleLargeBench(context: BenchContext): Promise<BenchResult> {
  return grow(context, "scale-10m", [LARGE]);
}

interface Step {
  readonly certificates: number;
  readonly startMs: number;
  readonly signed: number;
  readonly signedUs: number;
  readonly kept: number;
  readonly memoryMiB: number;
}

async function grow(context: BenchContext, bench: string, sizes: readonly number[]): Promise<BenchResult> {
  const demo = await startDemo(context, "p256");
  await demo.responderService.stop();
  const steps: Step[] = [];
  for (const certificates of sizes) {
    context.progress(`seeding ${certificates} certificates`);
    await seed(demo, certificates, Math.floor(certificates / 100));
    context.progress(`measuring with ${certificates} certificates`);
    const begun = performance.now();
    const service = new Service("responder", join(demo.dir, "responder.toml"), join(demo.dir, "log"));
    try {
      await service.until("the responder's start", START_SECONDS, () => demo.isReady());
      steps.push(await measureStep(demo, service, certificates, performance.now() - begun));
    } finally {
      await service.stop();
    }
  }
  return {
    bench,
    comparisons: [],
    figures: steps.flatMap(figuresOf),
    controls: [],
    charts: [chartOf(steps)],
  };
}

async function measureStep(
  demo: Awaited<ReturnType<typeof startDemo>>,
  { pid }: Service,
  certificates: number,
  startMs: number,
): Promise<Step> {
  const issuer = demo.certificate("issuer");
  const endpoint = { port: demo.port, pid };
  const once = populationQuestions(issuer, certificates, Math.min(certificates, ASKED));
  const cold = await measureRate({ endpoint, ...once, connections: CONNECTIONS, seconds: SIGNED_SECONDS });
  const few = populationQuestions(issuer, certificates, WARM);
  await measureRate({ endpoint, ...few, connections: CONNECTIONS, seconds: SIGNED_SECONDS });
  const warm = await measureRate({ endpoint, ...few, connections: CONNECTIONS, seconds: SIGNED_SECONDS });
  const memoryMiB = anonymousMiB(pid);
  return { certificates, startMs, signed: cold.rate, signedUs: cold.cpuUs, kept: warm.rate, memoryMiB };
}

function figuresOf({ certificates, startMs, signed, signedUs, kept, memoryMiB }: Step): Figure[] {
  const of = `${certificates.toLocaleString("en-US")} certificates`;
  return [
    { what: `${of}: ready after the start`, value: startMs, unit: "ms", atMost: MOST_START_MS },
    { what: `${of}: first answers, signed`, value: signed, unit: "/s" },
    { what: `${of}: processor time of one`, value: signedUs, unit: "us" },
    { what: `${of}: kept answers`, value: kept, unit: "/s" },
    { what: `${of}: anonymous memory`, value: memoryMiB, unit: "MiB" },
  ];
}

function chartOf(steps: readonly Step[]): Chart {
  const line = (name: string, of: (step: Step) => number) => ({
    name,
    points: steps.map((step) => [step.certificates, of(step)] as const),
  });
  return {
    title: "Answers a second as the population grows",
    x: "certificates",
    y: "answers a second",
    logX: true,
    lines: [line("kept", ({ kept }) => kept), line("signed, P-256", ({ signed }) => signed)],
  };
}
