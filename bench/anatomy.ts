import { readdirSync, readFileSync } from "node:fs";
import type { Demo } from "../test/soak/demo.js";
import { below } from "../test/soak/memory.js";
import { cachedQuestions, nonceQuestion } from "../test/soak/questions.js";
import { type BenchContext, startDemo } from "./context.js";
import type { BenchResult, Figure } from "./harness/result.js";
import { median } from "./harness/statistics.js";
import type { Question } from "./load/question.js";
import { measureRate } from "./load/rate.js";

const CONNECTIONS = 32;
const SECONDS = 2;
const ROUNDS = 5;
/** USER_HZ, a constant of the kernel's interface. */
const TICK_US = 10_000;

/** What one answer costs the responder: processor time in our code and in the kernel, collections of garbage, switches of context. */
export async function anatomyBench(context: BenchContext): Promise<BenchResult> {
  const { rounds = ROUNDS, progress } = context;
  const demo = await startDemo(context, "p256");
  const issuer = demo.certificate("issuer");
  const { serialNumber } = demo.certificate("good");
  const [post, get] = cachedQuestions(issuer, serialNumber) as [Question, Question];
  const kinds = {
    "cached GET": get,
    "cached POST": post,
    "signed P-256": nonceQuestion(issuer, serialNumber),
  };
  const figures: Figure[] = [];
  for (const [kind, question] of Object.entries(kinds)) {
    await costs(demo, question);
    const trials: Costs[] = [];
    for (let round = 1; round <= rounds; round++) {
      progress(`${kind}, round ${round} of ${rounds}`);
      trials.push(await costs(demo, question));
    }
    const of = (name: keyof Costs): number => median(trials.map((trial) => trial[name]));
    figures.push(
      { what: `${kind}: user time an answer`, value: of("userUs"), unit: "us" },
      { what: `${kind}: kernel time an answer`, value: of("kernelUs"), unit: "us" },
      {
        what: `${kind}: collections of the young generation a million answers`,
        value: of("collections"),
        unit: "",
      },
      { what: `${kind}: voluntary switches of context an answer`, value: of("switches"), unit: "" },
    );
  }
  return { bench: "anatomy", comparisons: [], figures, controls: [] };
}

interface Costs {
  readonly userUs: number;
  readonly kernelUs: number;
  readonly collections: number;
  readonly switches: number;
}

async function costs(demo: Demo, question: Question): Promise<Costs> {
  const { pid } = demo.responderService;
  const pids = [pid, ...below(pid)];
  const before = await usage(demo, pids);
  const { rate } = await measureRate({
    endpoint: { port: demo.port, pid },
    questions: [question],
    connections: CONNECTIONS,
    seconds: SECONDS,
  });
  const after = await usage(demo, pids);
  const answers = rate * SECONDS;
  const each = (name: keyof Usage): number => (after[name] - before[name]) / answers;
  return {
    userUs: each("user") * TICK_US,
    kernelUs: each("kernel") * TICK_US,
    collections: each("collections") * 1e6,
    switches: each("switches"),
  };
}

interface Usage {
  readonly user: number;
  readonly kernel: number;
  readonly switches: number;
  readonly collections: number;
}

async function usage(demo: Demo, pids: readonly number[]): Promise<Usage> {
  const { host, port } = demo.config.responder.metricsListen;
  const metrics = await (await fetch(`http://${host}:${port}/metrics`)).text();
  const collections = /^nodejs_gc_duration_seconds_count\{.*kind="minor".*\} (\d+)/m.exec(metrics)?.[1];
  const stats = pids.map((pid) =>
    readFileSync(`/proc/${pid}/stat`, "latin1")
      .replace(/^.*\) /, "")
      .split(" "),
  );
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const threads = pids.flatMap((pid) =>
    readdirSync(`/proc/${pid}/task`).map((thread) => `/proc/${pid}/task/${thread}/status`),
  );
  return {
    user: sum(stats.map((fields) => Number(fields[11]))),
    kernel: sum(stats.map((fields) => Number(fields[12]))),
    switches: sum(
      threads.map((file) =>
        Number(/^voluntary_ctxt_switches:\s+(\d+)/m.exec(readFileSync(file, "latin1"))?.[1]),
      ),
    ),
    collections: Number(collections ?? Number.NaN),
  };
}
