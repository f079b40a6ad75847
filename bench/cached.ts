import { cachedQuestions } from "../test/soak/questions.js";
import { ocspRequest } from "../test/support/ocsp-client.js";
import { type BenchContext, startDemo } from "./context.js";
import type { BenchResult, Comparison, Control } from "./harness/result.js";
import { median } from "./harness/statistics.js";
import { type Contestant, interleave, type Pairing } from "./harness/trial.js";
import type { Asked } from "./load/check-samples.js";
import type { Question } from "./load/question.js";
import { measureRate, type Rate, type RateTrial, scoresOf } from "./load/rate.js";
import { startBareUws } from "./peers/bare-uws.js";
import { startCfssl } from "./peers/cfssl.js";
import { fixedAnswer } from "./peers/fixed-answer.js";
import { NGINX_GET, startNginx } from "./peers/nginx.js";
import { OpensslCa } from "./peers/openssl-ca.js";

const CONNECTIONS = 32;
const SECONDS = 0.6;
const ROUNDS = 15;
/** About a fifth of a bare request's time: the positive control. */
const BUSY_US = 3;
const BUSY = `bare uWS GET, ${BUSY_US} us busier`;
const OPENSSL = "openssl ocsp RSA-2048";
const OPENSSL_INDEX = 10_000;

/** Answers from the cache, one front end, beside the bare transport and servers of others: DESIGN 7, first two rows. */
export async function cachedBench(context: BenchContext): Promise<BenchResult> {
  const { dir, rounds = ROUNDS, progress, atEnd } = context;
  progress("starting servers");
  const demo = await startDemo(context, "rsa2048");
  const issuer = demo.certificate("issuer");
  const { serialNumber } = demo.certificate("good");
  const der = ocspRequest(issuer, [serialNumber]);
  const [post, get] = cachedQuestions(issuer, serialNumber) as [Question, Question];
  const asked: Asked = { issuer, requests: [der], statuses: ["good"] };
  const answer = await fixedAnswer(demo.port, der);

  const us = { port: demo.port, pid: demo.responderService.pid };
  const bare = await startBareUws(dir, answer);
  const busy = await startBareUws(dir, answer, BUSY_US);
  const nginx = await startNginx(dir, answer);
  const cfssl = await startCfssl(dir, answer);
  const openssl = opensslPeer(dir);
  for (const server of [bare, busy, nginx, cfssl]) if (server !== undefined) atEnd(() => server.stop());

  const rates = new Map<string, Rate[]>();
  const measure = async (
    name: string,
    endpoint: RateTrial["endpoint"],
    question: Question,
    asked?: Asked,
  ) => {
    const trial = { endpoint, questions: [question], connections: CONNECTIONS, seconds: SECONDS };
    const rate = await measureRate(asked === undefined ? trial : { ...trial, asked });
    rates.set(name, [...(rates.get(name) ?? []), rate]);
    return scoresOf(rate);
  };
  const contestant = (
    name: string,
    endpoint: RateTrial["endpoint"],
    question: Question,
    asked?: Asked,
  ): Contestant => ({ name, measure: () => measure(name, endpoint, question, asked) });
  const contestants = [
    contestant("cached GET", us, get, asked),
    contestant("cached POST", us, post, asked),
    contestant("bare uWS GET", bare, get, asked),
    contestant("bare uWS POST", bare, post, asked),
    contestant(BUSY, busy, get, asked),
    {
      name: OPENSSL,
      measure: () =>
        openssl.ca.whileServing(1, (endpoint) => measure(OPENSSL, endpoint, openssl.question, openssl.asked)),
    },
    ...(nginx === undefined
      ? []
      : [contestant("nginx static", nginx, { request: NGINX_GET, expect: get.expect ?? [] })]),
    ...(cfssl === undefined ? [] : [contestant("cfssl ocspserve", cfssl, post, asked)]),
  ];
  const present = new Set(contestants.map(({ name }) => name));
  const pairings: Pairing[] = [
    { what: "cached GET", base: "bare uWS GET", metric: "rate", atLeast: 0.9 },
    { what: "cached POST", base: "bare uWS POST", metric: "rate", atLeast: 0.9 },
    { what: "cached GET", base: "nginx static", metric: "rate", atLeast: 1 },
    { what: "cached POST", base: OPENSSL, metric: "rate", atLeast: 8 },
    { what: "cached POST", base: "cfssl ocspserve", metric: "rate", atLeast: 4 },
    { what: BUSY, base: "bare uWS GET", metric: "rate" },
    { what: "cached GET", base: "bare uWS GET", metric: "cost" },
    { what: "cached POST", base: "bare uWS POST", metric: "cost" },
    { what: "cached GET", base: "nginx static", metric: "cost" },
    { what: BUSY, base: "bare uWS GET", metric: "cost" },
  ];
  const comparable = pairings.filter(({ base }) => present.has(base));
  const comparisons = await interleave(contestants, comparable, rounds, progress);

  const share = Math.max(...[...rates.values()].flat().map(({ generatorShare }) => generatorShare));
  const controls: Control[] = [
    ...comparisons.filter(({ what }) => what === BUSY).map(handicapIsSeen),
    {
      what: "the generator is not the bottleneck",
      passed: share < 0.9,
      detail: `at most ${(share * 100).toFixed(0)} % of one core, answers sampled and their signatures verified`,
    },
  ];
  const figures = [...rates].flatMap(([name, of]) => [
    { what: `${name}: rate`, value: median(of.map(({ rate }) => rate)), unit: "/s" },
    {
      what: `${name}: server processor time an answer`,
      value: median(of.map(({ cpuUs }) => cpuUs)),
      unit: "us",
    },
  ]);
  return { bench: "cached", comparisons, figures, controls };
}

/** A harness that has never seen a difference proves nothing by seeing none. */
const handicapIsSeen = ({ metric, ratio, null: { smallestEffect } }: Comparison): Control => ({
  what: `a handler that is ${BUSY_US} us slower is seen to be slower, by ${metric}`,
  passed: metric === "cost" ? ratio > 1 + smallestEffect : ratio < 1 - smallestEffect,
  detail: `ratio ${ratio.toFixed(3)}, visible from ${(smallestEffect * 100).toFixed(1)} %`,
});

/** `openssl ocsp` with an index of its own; asked without nonce, it signs all the same. */
function opensslPeer(dir: string): { ca: OpensslCa; question: Question; asked: Asked } {
  const ca = new OpensslCa(dir, "rsa2048", OPENSSL_INDEX);
  const serial = ca.serials[0] as Buffer;
  const [question] = cachedQuestions(ca.issuer, serial) as [Question];
  const asked = {
    issuer: ca.issuer,
    requests: [ocspRequest(ca.issuer, [serial])],
    statuses: ["good"],
  } as const;
  return { ca, question, asked };
}
