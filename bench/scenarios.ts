import { randomBytes } from "node:crypto";
import { nonceQuestion, ocspGet } from "../test/soak/questions.js";
import { ocspRequest } from "../test/support/ocsp-client.js";
import { ocspPost } from "../test/support/ocsp-load.js";
import { type BenchContext, startDemo } from "./context.js";
import type { BenchResult, Figure } from "./harness/result.js";
import { median } from "./harness/statistics.js";
import { type Contestant, interleave, type Pairing } from "./harness/trial.js";
import { autocannonRun } from "./load/autocannon.js";
import type { Asked } from "./load/check-samples.js";
import { expectStatus, type Question } from "./load/question.js";
import { measureRate, type Rate, scoresOf } from "./load/rate.js";
import { populationQuestions, seed } from "./population.js";

const CONNECTIONS = 128;
const CERTIFICATES = 100_000;
const CACHED = 5_000;
const UNKNOWN = 20_000;
const SECONDS = 1.5;
const ROUNDS = 5;

/** What other mixtures than "always the same question" do to the rate; P-256, software keys. */
export async function scenariosBench(context: BenchContext): Promise<BenchResult> {
  const { rounds = ROUNDS, progress } = context;
  progress("starting and seeding");
  const demo = await startDemo(context, "p256");
  const issuer = demo.certificate("issuer");
  const { serialNumber } = demo.certificate("good");
  await seed(demo, CERTIFICATES, CERTIFICATES / 100);
  const endpoint = { port: demo.port, pid: demo.responderService.pid };

  const one = ocspRequest(issuer, [serialNumber]);
  const many = populationQuestions(issuer, CERTIFICATES, CACHED);
  const post = { request: ocspPost("1.1", one), expect: expectStatus(serialNumber, "good") };
  const nonce = nonceQuestion(issuer, serialNumber);
  const scenarios: Record<string, Asking> = {
    "one certificate, kept, GET": asking(issuer, [one], [{ ...post, request: ocspGet(one) }]),
    "one certificate, kept, POST": asking(issuer, [one], [post]),
    "5,000 certificates, kept, GET": many,
    "98 % kept, 2 % nonce": mixed(issuer, one, nonce, many),
    "nonce, all signed": asking(issuer, [one], [nonce]),
    "unknown serials, all signed": unknown(issuer),
  };
  await measureRate({ endpoint, ...many, connections: CONNECTIONS, seconds: 3 });

  const rates = new Map<string, Rate[]>();
  const contestants: Contestant[] = Object.entries(scenarios).map(([name, { questions, asked }]) => ({
    name,
    measure: async () => {
      const rate = await measureRate({
        endpoint,
        questions,
        asked,
        connections: CONNECTIONS,
        seconds: SECONDS,
      });
      rates.set(name, [...(rates.get(name) ?? []), rate]);
      return scoresOf(rate);
    },
  }));
  const base = "one certificate, kept, GET";
  const pairings: Pairing[] = Object.keys(scenarios)
    .filter((name) => name !== base)
    .flatMap((what) => ["rate", "cost"].map((metric) => ({ what, base, metric })));
  const comparisons = await interleave(contestants, pairings, rounds, progress);
  progress("autocannon");
  const familiar = await autocannonRun({
    port: demo.port,
    connections: 100,
    seconds: 5,
    path: "/ocsp",
    body: one,
  });
  const figures: Figure[] = [...rates].flatMap(([name, of]) => [
    { what: `${name}: rate`, value: median(of.map(({ rate }) => rate)), unit: "/s" },
    { what: `${name}: processor time an answer`, value: median(of.map(({ cpuUs }) => cpuUs)), unit: "us" },
  ]);
  figures.push(
    {
      what: "autocannon -c 100, kept, POST: rate",
      value: familiar.requests.average,
      unit: "/s",
      note: "limited by autocannon",
    },
    { what: "autocannon: p99", value: familiar.latency.p99, unit: "ms", note: "closed loop: not corrected" },
  );
  return { bench: "scenarios", comparisons, figures, controls: [] };
}

interface Asking {
  readonly questions: readonly Question[];
  readonly asked: Asked;
}

const asking = (issuer: Asked["issuer"], requests: Buffer[], questions: Question[]): Asking => ({
  questions,
  asked: { issuer, requests, statuses: ["good"] },
});

function mixed(issuer: Asked["issuer"], one: Buffer, nonce: Question, { questions, asked }: Asking): Asking {
  const all: Question[] = [];
  const requests: Buffer[] = [];
  for (let i = 0; i < questions.length; i += 49) {
    all.push(...questions.slice(i, i + 49), nonce);
    requests.push(...asked.requests.slice(i, i + 49), one);
  }
  return { questions: all, asked: { issuer, requests, statuses: ["good", "revoked"] } };
}

/** Serials that nobody issued: each is asked for once, and no answer about one is kept. */
function unknown(issuer: Asked["issuer"]): Asking {
  const serials = Array.from({ length: UNKNOWN }, () => Buffer.concat([Buffer.of(0x41), randomBytes(15)]));
  const requests = serials.map((serial) => ocspRequest(issuer, [serial]));
  const questions = requests.map((der, i) => ({
    request: ocspPost("1.1", der),
    expect: expectStatus(serials[i] as Buffer, "unknown"),
  }));
  return { questions, asked: { issuer, requests, statuses: ["unknown"] } };
}
