import { below } from "../../test/soak/memory.js";
import type { Scores } from "../harness/trial.js";
import { type Asked, checkSamples } from "./check-samples.js";
import type { Question } from "./question.js";
import { type LoadReport, runLoad } from "./run-generator.js";

/** A running server on loopback. */
export interface Endpoint {
  readonly port: number;
  /** The process whose processor time counts, with all below it. */
  readonly pid: number;
  stop(): Promise<void>;
}

export interface RateTrial {
  readonly endpoint: Pick<Endpoint, "port" | "pid">;
  readonly questions: readonly Question[];
  /** Absent: only what the generator itself sees is checked. */
  readonly asked?: Asked;
  readonly connections: number;
  readonly seconds: number;
}

/** What a closed-loop trial costs the server. */
export interface Rate {
  /** Right answers a second. */
  readonly rate: number;
  /** Processor time of the server an answer, in microseconds. */
  readonly cpuUs: number;
  /** Share of one core that the generator took: near 1 it is the generator that is measured. */
  readonly generatorShare: number;
}

const SAMPLES = 20;

/** As many requests as a server answers. Throws if any is answered wrongly, or not. */
export async function measureRate(trial: RateTrial): Promise<Rate> {
  const { endpoint, questions, asked, connections, seconds } = trial;
  const watched = [endpoint.pid, ...below(endpoint.pid)];
  const plan = { host: "127.0.0.1", port: endpoint.port, connections, seconds, questions, watched };
  const report = await runLoad({ ...plan, samples: asked === undefined ? 0 : SAMPLES });
  assertRight(report);
  if (asked !== undefined) checkSamples(report.samples, asked);
  const { rate, watchedCpuUs: cpuUs, cpuSeconds: generator } = report;
  return { rate, cpuUs, generatorShare: generator / report.seconds };
}

/** Throws if a request failed: a figure from wrong answers is no figure. */
export function assertRight({ answered, failures }: LoadReport): void {
  const failed = Object.entries(failures).map(([why, count]) => `${count} x ${why}`);
  if (failed.length > 0) throw new Error(`requests failed: ${failed.join(", ")}`);
  if (answered === 0) throw new Error("nothing was answered");
}

/**
 * For comparisons: by rate (more is better), which other work on the machine disturbs, and by processor time an answer
 * (less is better), which it hardly does.
 */
export const scoresOf = ({ rate, cpuUs }: Rate): Scores => ({ rate, cost: cpuUs });
