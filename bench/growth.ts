import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { anonymousMiB } from "../test/soak/memory.js";
import { cachedQuestions, nonceQuestion } from "../test/soak/questions.js";
import { makeManyIssuers } from "../test/support/many-issuers.js";
import { ocspRequest } from "../test/support/ocsp-client.js";
import { ocspPost } from "../test/support/ocsp-load.js";
import { RunningResponder } from "../test/support/responder.js";
import { Service } from "../tools/quickstart/services.js";
import { type BenchContext, startDemo } from "./context.js";
import type { BenchResult, Figure } from "./harness/result.js";
import { median } from "./harness/statistics.js";
import { expectStatus, type Question } from "./load/question.js";
import { measureRate, type RateTrial } from "./load/rate.js";

const CONNECTIONS = 32;
const SECONDS = 1.5;
const ROUNDS = 3;
const START_SECONDS = 30;
const WORKERS = [1, 2, 4];
const PROCESSES = [1, 2, 3];
const CLIENTS = [1, 32, 256, 1_024];
/** Software tokens that are opened a second, at least. */
const OPENED_A_SECOND = 40;
const ISSUERS = [1, 30, 1_000];

/** How an answer's cost grows with workers, processes, connections and issuers; P-256, software keys. */
export async function growthBench(context: BenchContext): Promise<BenchResult> {
  const figures = [...(await withDemo(context)), ...(await withIssuers(context))];
  return { bench: "growth", comparisons: [], figures, controls: [] };
}

async function withDemo(context: BenchContext): Promise<Figure[]> {
  const { rounds = ROUNDS, progress } = context;
  const demo = await startDemo(context, "p256");
  await demo.responderService.stop();
  const issuer = demo.certificate("issuer");
  const { serialNumber } = demo.certificate("good");
  const kept = cachedQuestions(issuer, serialNumber).slice(1);
  const signed = [nonceQuestion(issuer, serialNumber)];
  const file = join(demo.dir, "responder.toml");
  const text = readFileSync(file, "utf8");
  const serving = async (name: string, fields: string, measure: (pid: number) => Promise<Figure[]>) => {
    progress(name);
    writeFileSync(file, text.replace(/^workers = .*$/m, fields));
    const service = new Service("responder", file, join(demo.dir, "log"));
    try {
      await service.until("the responder's start", START_SECONDS, () => demo.isReady());
      return await measure(service.pid);
    } finally {
      await service.stop();
    }
  };
  const cost = (pid: number, name: string, questions: readonly Question[], connections = CONNECTIONS) =>
    costOf(name, { endpoint: { port: demo.port, pid }, questions, connections, seconds: SECONDS }, rounds);
  const figures: Figure[] = [];
  for (const workers of WORKERS) {
    const name = `${workers} ${workers === 1 ? "worker" : "workers"}`;
    figures.push(
      ...(await serving(name, `workers = ${workers}`, (pid) => cost(pid, `${name}, signed`, signed, 128))),
    );
  }
  for (const processes of PROCESSES) {
    const name = `${processes} ${processes === 1 ? "process" : "processes"}`;
    figures.push(
      ...(await serving(name, `workers = 2\nprocesses = ${processes}`, (pid) =>
        cost(pid, `${name}, kept`, kept),
      )),
    );
  }
  const clients = await serving("connections", "workers = 2", async (pid) => {
    const found: Figure[] = [];
    for (const count of CLIENTS)
      found.push(
        ...(await cost(pid, `${count} ${count === 1 ? "connection" : "connections"}, kept`, kept, count)),
      );
    return found;
  });
  return [...figures, ...clients];
}

async function withIssuers({ rounds = ROUNDS, progress }: BenchContext): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const count of ISSUERS) {
    progress(`creating ${count} issuers`);
    const { context, dir, ids, port, close } = await makeManyIssuers(count);
    const questions = ids.map((id): Question => {
      const { certificate } = context.authorities.get(id);
      const request = ocspPost("1.1", ocspRequest(certificate, [certificate.serialNumber]));
      return { request, expect: expectStatus(certificate.serialNumber, "good") };
    });
    progress(`measuring with ${count} issuers`);
    const responder = await RunningResponder.start(dir);
    const pid = responder.child.pid as number;
    const trial = { endpoint: { port, pid }, questions, connections: CONNECTIONS, seconds: SECONDS };
    // Each CA's first answer opens a token of its own: its PIN is stretched, in each worker.
    await measureRate({ ...trial, seconds: Math.max(SECONDS, count / OPENED_A_SECOND) });
    const name = `${count} ${count === 1 ? "issuer" : "issuers"}`;
    figures.push(...(await costOf(`${name}, kept, by POST`, trial, rounds)));
    figures.push({ what: `${name}: anonymous memory`, value: anonymousMiB(pid), unit: "MiB" });
    await responder.stop();
    await close();
  }
  return figures;
}

/** After one trial that only warms up. */
async function costOf(what: string, trial: RateTrial, rounds: number): Promise<Figure[]> {
  await measureRate(trial);
  const rates = [];
  for (let round = 0; round < rounds; round++) rates.push(await measureRate(trial));
  return [
    { what: `${what}: rate`, value: median(rates.map(({ rate }) => rate)), unit: "/s" },
    { what: `${what}: processor time an answer`, value: median(rates.map(({ cpuUs }) => cpuUs)), unit: "us" },
  ];
}
