import { setTimeout as wait } from "node:timers/promises";
import type { Demo } from "../test/soak/demo.js";
import { nonceQuestion } from "../test/soak/questions.js";
import { type BenchContext, startDemo } from "./context.js";
import type { BenchResult, Figure } from "./harness/result.js";
import { median } from "./harness/statistics.js";
import { percentiles } from "./load/histogram.js";
import { assertRight } from "./load/rate.js";
import { type LoadReport, runLoad } from "./load/run-generator.js";
import { goodSerials, populationQuestions, seed } from "./population.js";

const CONNECTIONS = 128;
const POPULATION = { certificates: 1_100_000, revoked: 1_000_000 };
const CACHED = 2_000;
const SECONDS = 10;
const ROUNDS = 3;
const REVOCATIONS_A_SECOND = 1_000;
/** DESIGN 7. */
const MOST_MORE_MS = 10;

/**
 * Latency at half of the top rate while a CRL of a million entries is built over and over and a thousand certificates a
 * second are revoked, beside quiet phases of the same load in turn.
 */
export async function stormBench(context: BenchContext): Promise<BenchResult> {
  const { rounds = ROUNDS, progress } = context;
  progress("starting and seeding");
  const demo = await startDemo(context, "p256");
  await seed(demo, POPULATION.certificates, POPULATION.revoked);
  const issuer = demo.certificate("issuer");
  const { questions: cached } = populationQuestions(issuer, POPULATION.certificates, CACHED);
  const nonce = nonceQuestion(issuer, demo.certificate("good").serialNumber);
  const questions = cached.flatMap((question, i) => (i % 49 === 48 ? [question, nonce] : [question]));
  const base = { host: "127.0.0.1", port: demo.port, connections: CONNECTIONS, questions };
  assertRight(await runLoad({ ...base, questions: cached, seconds: 3 }));
  const top = await runLoad({ ...base, seconds: 3 });
  const phase = async (): Promise<LoadReport> => {
    const report = await runLoad({ ...base, seconds: SECONDS, rate: top.rate / 2 });
    assertRight(report);
    return report;
  };
  const storm = new Storm(demo);
  const quiet: LoadReport[] = [];
  const stormy: LoadReport[] = [];
  for (let round = 1; round <= rounds; round++) {
    progress(`round ${round} of ${rounds}: quiet`);
    quiet.push(await phase());
    progress(`round ${round} of ${rounds}: storm`);
    const raging = storm.rage(SECONDS);
    stormy.push(await phase());
    await raging;
  }
  const p99 = (reports: readonly LoadReport[]): number =>
    median(reports.map(({ latency }) => percentiles(latency).p99));
  const figures: Figure[] = [
    { what: "rate, half of the top", value: top.rate / 2, unit: "/s" },
    { what: "p99, quiet", value: p99(quiet), unit: "ms" },
    { what: "p99, storm", value: p99(stormy), unit: "ms", atMost: p99(quiet) + MOST_MORE_MS },
    { what: "revocations acknowledged in the storms", value: storm.revoked, unit: "" },
    { what: "CRLs of a million entries published in the storms", value: storm.crls, unit: "" },
  ];
  return { bench: "storm", comparisons: [], figures, controls: [] };
}

class Storm {
  revoked = 0;
  crls = 0;
  private readonly good = goodSerials(POPULATION);

  constructor(private readonly demo: Demo) {}

  async rage(seconds: number): Promise<void> {
    const end = performance.now() + seconds * 1000;
    const acting = { role: "administrator", approvals: [] as [] } as const;
    const publishing = async (): Promise<void> => {
      while (performance.now() < end) {
        await this.demo.client.request({ op: "crl.issue", issuer: "root", delta: false, ...acting });
        this.crls++;
      }
    };
    const revoking = async (): Promise<void> => {
      for (let due = performance.now(); due < end; due += 1000) {
        await wait(Math.max(0, due - performance.now()));
        const changes = this.goodOnes(REVOCATIONS_A_SECOND).map((serial) => ({
          serial,
          reason: "keyCompromise" as const,
        }));
        await this.demo.client.request({ op: "cert.revoke", issuer: "root", changes, ...acting });
        this.revoked += changes.length;
      }
    };
    await Promise.all([publishing(), revoking()]);
  }

  private goodOnes(count: number): string[] {
    return Array.from({ length: count }, () => this.good.next().value ?? "");
  }
}
