import { spawn } from "node:child_process";
import { compiled } from "./compile.js";
import { type Histogram, percentiles } from "./histogram.js";
import type { Question } from "./question.js";

export interface LoadPlan {
  /** IPv4 address. */
  readonly host: string;
  readonly port: number;
  /** Local address, for a peer of its own. */
  readonly from?: string;
  readonly connections: number;
  /** Requests a second, sent when they are due; absent: as fast as answers come. */
  readonly rate?: number;
  readonly seconds: number;
  /** Asked in turn. */
  readonly questions: readonly Question[];
  /** Right answers to keep for a closer look, chosen at random. */
  readonly samples?: number;
  /** Processes whose processor time is reported. */
  readonly watched?: readonly number[];
}

export interface LoadReport {
  readonly sent: number;
  /** Right answers. */
  readonly answered: number;
  /** Why the other requests failed, and how often. */
  readonly failures: Readonly<Record<string, number>>;
  /** Right answers a second. */
  readonly rate: number;
  /** From the moment a request was due: waiting for a free connection counts (no coordinated omission). */
  readonly latency: Histogram;
  /** By how much the generator itself sent too late: what it adds to the latencies. */
  readonly lateness: Histogram;
  /** Right answers in each second. */
  readonly eachSecond: readonly number[];
  readonly seconds: number;
  /** Processor time that the generator took. */
  readonly cpuSeconds: number;
  /** Processor time of the watched processes an answer, in microseconds. */
  readonly watchedCpuUs: number;
  readonly samples: readonly Sample[];
}

export interface Sample {
  /** Index among the plan's questions. */
  readonly question: number;
  /** Hexadecimal; "" without. */
  readonly nonce: string;
  /** OCSPResponse, hexadecimal. */
  readonly body: string;
}

/** Runs a load plan in the generator's process. Rejects with what it says if it cannot connect. */
export function runLoad(plan: LoadPlan): Promise<LoadReport> {
  const child = spawn(compiled("load/generator.c"), { stdio: ["pipe", "pipe", "pipe"] });
  const parts: Buffer[] = [];
  let complaint = "";
  child.stdout.on("data", (part) => parts.push(part));
  child.stderr.on("data", (part) => {
    complaint += part;
  });
  child.stdin.end(encodePlan(plan));
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      if (code === 0) resolve(JSON.parse(Buffer.concat(parts).toString("latin1")));
      else reject(new Error(`load generator: ${complaint.trim() || `ended with ${code}`}`));
    });
  });
}

function encodePlan(plan: LoadPlan): Buffer {
  const {
    host,
    port,
    from = "-",
    connections,
    rate = 0,
    seconds,
    questions,
    samples = 0,
    watched = [],
  } = plan;
  const load = [connections, rate, seconds, samples, questions.length];
  const head = [host, port, from, ...load, watched.length, ...watched].join(" ");
  const encoded = questions.flatMap(({ request, expect = [], nonceAt = -1 }) => [
    Buffer.from(`${request.length} ${nonceAt} ${expect.length}\n`),
    request,
    ...expect.flatMap((bytes) => [Buffer.from(`${bytes.length}\n`), bytes]),
  ]);
  return Buffer.concat([Buffer.from(`${head}\n`), ...encoded]);
}

/** A report in one line. */
export function describeLoad({ rate, sent, failures, latency, lateness }: LoadReport): string {
  const failed = Object.entries(failures).map(([why, count]) => `${count} x ${why}`);
  const { p50, p99, p999, max } = percentiles(latency);
  const ms = (value: number): string => value.toFixed(2);
  return [
    `${Math.round(rate)}/s, ${sent} sent, ${failed.length === 0 ? "0 failed" : failed.join(", ")}`,
    `latency p50 ${ms(p50)} p99 ${ms(p99)} p99.9 ${ms(p999)} max ${ms(max)} ms`,
    `generator late p99 ${ms(percentiles(lateness).p99)} ms`,
  ].join("; ");
}
