import { nonceQuestion } from "../test/soak/questions.js";
import { ocspRequest } from "../test/support/ocsp-client.js";
import { type BenchContext, startDemo } from "./context.js";
import type { BenchResult, Chart, Control, Figure } from "./harness/result.js";
import { median } from "./harness/statistics.js";
import { checkSamples } from "./load/check-samples.js";
import { percentiles, quantile } from "./load/histogram.js";
import type { Question } from "./load/question.js";
import { assertRight } from "./load/rate.js";
import { type LoadReport, runLoad } from "./load/run-generator.js";
import { opensslSpeed } from "./peers/openssl-speed.js";
import { populationQuestions, seed } from "./population.js";

const CONNECTIONS = 128;
const CERTIFICATES = 10_000;
/** Certificates that are asked about: their answers are kept before the measurement starts. */
const CACHED = 2_000;
const ROUNDS = 3;
const SECONDS = 15;
const SAMPLES = 200;
/** DESIGN 7: milliseconds, and four signatures of the token on top. */
const MOST_P99 = 5;
const MOST_P999 = 20;
const SIGNATURES = 4;

/** Open-loop latency at half of the top rate: 98 % kept answers, 2 % with a nonce and so signed each time. */
export async function latencyBench(context: BenchContext): Promise<BenchResult> {
  const { rounds = ROUNDS, progress } = context;
  progress("starting and seeding");
  const demo = await startDemo(context, "rsa2048");
  const issuer = demo.certificate("issuer");
  const { serialNumber } = demo.certificate("good");
  await seed(demo, CERTIFICATES, 100);
  const { questions: cached, asked } = populationQuestions(issuer, CERTIFICATES, CACHED);
  const nonce = nonceQuestion(issuer, serialNumber);
  const mixed: Question[] = [];
  const requests: Buffer[] = [];
  for (let i = 0; i < CACHED; i += 49) {
    mixed.push(...cached.slice(i, i + 49), nonce);
    requests.push(...asked.requests.slice(i, i + 49), ocspRequest(issuer, [serialNumber]));
  }
  const base = { host: "127.0.0.1", port: demo.port, connections: CONNECTIONS, questions: mixed };
  progress("filling the cache");
  assertRight(await runLoad({ ...base, questions: cached, seconds: 6 }));
  const signatureMs = 1000 / (await opensslSpeed("rsa2048", 1));
  const runs: { top: LoadReport; half: LoadReport }[] = [];
  for (let round = 1; round <= rounds; round++) {
    progress(`round ${round} of ${rounds}: top rate`);
    const top = await runLoad({ ...base, seconds: 3 });
    assertRight(top);
    progress(`round ${round} of ${rounds}: ${SECONDS} s at half of ${Math.round(top.rate)} a second`);
    const half = await runLoad({ ...base, seconds: SECONDS, rate: top.rate / 2, samples: SAMPLES });
    assertRight(half);
    checkSamples(half.samples, { ...asked, requests });
    runs.push({ top, half });
  }

  const of = (value: (run: (typeof runs)[number]) => number): number => median(runs.map(value));
  const allowance = SIGNATURES * signatureMs;
  const at = (share: number): number => of(({ half }) => quantile(half.latency, share));
  const note = `${runs.map(({ half }) => percentiles(half.latency).p99.toFixed(2)).join(", ")} in the rounds; ${SIGNATURES} signatures of ${signatureMs.toFixed(2)} ms allowed`;
  const figures: Figure[] = [
    { what: "98/2 mixture: top rate", value: of(({ top }) => top.rate), unit: "/s" },
    { what: "98/2 mixture at half of it: rate", value: of(({ half }) => half.rate), unit: "/s" },
    { what: "p50", value: at(0.5), unit: "ms" },
    { what: "p99", value: at(0.99), unit: "ms", atMost: MOST_P99 + allowance, note },
    { what: "p99.9", value: at(0.999), unit: "ms", atMost: MOST_P999 + allowance },
    { what: "longest", value: at(1), unit: "ms" },
  ];
  const late = Math.max(...runs.map(({ half }) => percentiles(half.lateness).p99));
  const controls: Control[] = [
    {
      what: "the generator sends on time",
      passed: late < 1,
      detail: `p99 of its lateness ${late.toFixed(3)} ms; latencies count from when a request was due`,
    },
  ];
  return {
    bench: "latency",
    comparisons: [],
    figures,
    controls,
    charts: [percentileChart(runs.map(({ half }) => half))],
  };
}

/** Latency over the share of slower requests: 2 nines, 3 nines, ... */
function percentileChart(reports: readonly LoadReport[]): Chart {
  const shares = Array.from({ length: 33 }, (_, i) => 1 - 10 ** (-i / 8));
  return {
    title: "Latency at half of the top rate, 98 % kept and 2 % with nonce",
    x: "share of slower requests: 10^-x",
    y: "ms",
    logY: true,
    lines: reports.map(({ latency }, i) => ({
      name: `round ${i + 1}`,
      points: shares.map((share, j) => [j / 8, quantile(latency, share)] as const),
    })),
  };
}
