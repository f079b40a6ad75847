import { nonceQuestion } from "../test/soak/questions.js";
import { ocspRequest } from "../test/support/ocsp-client.js";
import { type BenchContext, startDemo } from "./context.js";
import type { BenchResult, Figure } from "./harness/result.js";
import { median } from "./harness/statistics.js";
import { type Contestant, interleave, type Pairing, type Scores } from "./harness/trial.js";
import type { Asked } from "./load/check-samples.js";
import type { Question } from "./load/question.js";
import { measureRate, type Rate, type RateTrial, scoresOf } from "./load/rate.js";
import { type KeyName, OpensslCa } from "./peers/openssl-ca.js";
import { opensslSpeed } from "./peers/openssl-speed.js";

const CONNECTIONS = 32;
/** Long enough that caches that others have filled meanwhile, and threads that slept, do not count. */
const SECONDS = 3;
const SPEED_SECONDS = 1;
const WARM_UP = 20;
const ROUNDS = 7;
const OPENSSL_INDEX = 10_000;
/** Processor time a response over that of one signature in `openssl speed` (DESIGN 7, third row). */
const MOST_COST: Readonly<Record<KeyName, number>> = { rsa2048: 1.15, p256: 2.5 };

/** Every answer signed for its request, software keys: beside one signature of `openssl speed`, and `openssl ocsp`. */
export async function signedBench(context: BenchContext): Promise<BenchResult> {
  const results = [await signedWith("rsa2048", context), await signedWith("p256", context)];
  return {
    bench: "signed",
    comparisons: results.flatMap(({ comparisons }) => comparisons),
    figures: results.flatMap(({ figures }) => figures),
    controls: results.flatMap(({ controls }) => controls),
  };
}

async function signedWith(key: KeyName, context: BenchContext): Promise<Omit<BenchResult, "bench">> {
  const { dir, rounds = ROUNDS, progress } = context;
  progress(`starting servers, ${key}`);
  const demo = await startDemo(context, key);
  const ours = questionOf(demo.certificate("issuer"), demo.certificate("good").serialNumber);
  const us = { port: demo.port, pid: demo.responderService.pid };
  const ca = new OpensslCa(dir, key, OPENSSL_INDEX);
  const theirs = questionOf(ca.issuer, ca.serials[0] as Buffer);

  // V8 still compiles what an answer takes for so long: it is no part of its cost.
  await measureRate({ endpoint: us, questions: [ours.question], connections: CONNECTIONS, seconds: WARM_UP });

  const rates = new Map<string, Rate[]>();
  const measure = async (name: string, endpoint: RateTrial["endpoint"], of: Asking): Promise<Scores> => {
    const trial = { endpoint, questions: [of.question], asked: of.asked, connections: CONNECTIONS };
    const rate = await measureRate({ ...trial, seconds: SECONDS });
    rates.set(name, [...(rates.get(name) ?? []), rate]);
    return scoresOf(rate);
  };
  const names = {
    us: `signed, ${key}`,
    one: `openssl ocsp, ${key}`,
    two: `openssl ocsp -multi 2, ${key}`,
    speed: `openssl speed, ${key}`,
    speeds: `openssl speed -multi 2, ${key}`,
  };
  const signing = async (name: string, processes: number): Promise<Scores> => {
    const rate = await opensslSpeed(key, SPEED_SECONDS, processes);
    const cpuUs = (processes * 1e6) / rate;
    rates.set(name, [...(rates.get(name) ?? []), { rate, cpuUs, generatorShare: 0 }]);
    return { rate, cost: cpuUs };
  };
  const contestants: Contestant[] = [
    { name: names.us, measure: () => measure(names.us, us, ours) },
    {
      name: names.one,
      measure: () => ca.whileServing(1, (endpoint) => measure(names.one, endpoint, theirs)),
    },
    {
      name: names.two,
      measure: () => ca.whileServing(2, (endpoint) => measure(names.two, endpoint, theirs)),
    },
    { name: names.speed, measure: () => signing(names.speed, 1) },
    // Two signatures at once cost more each where processors share caches and clock, as our workers' do.
    { name: names.speeds, measure: () => signing(names.speeds, 2) },
  ];
  const pairings: Pairing[] = [
    { what: names.us, base: names.speed, metric: "cost", atMost: MOST_COST[key] },
    { what: names.us, base: names.speeds, metric: "cost" },
    { what: names.us, base: names.one, metric: "rate", ...(key === "p256" ? { atLeast: 2.5 } : {}) },
    { what: names.us, base: names.two, metric: "rate", ...(key === "rsa2048" ? { atLeast: 1.2 } : {}) },
    { what: names.us, base: names.two, metric: "cost" },
  ];
  const comparisons = await interleave(contestants, pairings, rounds, progress);
  const figures: Figure[] = [...rates].flatMap(([name, of]) => [
    { what: `${name}: rate`, value: median(of.map(({ rate }) => rate)), unit: "/s" },
    {
      what: `${name}: its processor time each`,
      value: median(of.map(({ cpuUs }) => cpuUs)),
      unit: "us",
    },
  ]);
  const share = Math.max(...[...rates.values()].flat().map(({ generatorShare }) => generatorShare));
  const control = {
    what: `the generator is not the bottleneck, ${key}`,
    passed: share < 0.9,
    detail: `at most ${(share * 100).toFixed(0)} % of one core, nonces and signatures of sampled answers verified`,
  };
  return { comparisons, figures, controls: [control] };
}

interface Asking {
  readonly question: Question;
  readonly asked: Asked;
}

/** A question with a nonce that is new each time, so that no answer can be an old one. */
function questionOf(issuer: Asked["issuer"], serialNumber: Uint8Array): Asking {
  const requests = [ocspRequest(issuer, [serialNumber])];
  return { question: nonceQuestion(issuer, serialNumber), asked: { issuer, requests, statuses: ["good"] } };
}
