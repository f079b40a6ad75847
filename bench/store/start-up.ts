import { mkdirSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { systemClock } from "../../src/core/clock.js";
import type { Config } from "../../src/core/config.js";
import { StatusWriter } from "../../src/store/status-writer.js";
import { prepareInstallation } from "../../tools/quickstart/installation.js";
import { connect, ensureDelegate, ensureRoot } from "../../tools/quickstart/population.js";
import { Service } from "../../tools/quickstart/services.js";
import { importPopulation } from "./import.js";

/** Seconds from starting a process to its first answer, the best of several. */
interface Seconds {
  readonly issuer: number;
  readonly responder: number;
}

export interface StartUpResult {
  /** The control: the same installation before it was filled. */
  readonly empty: Seconds;
  readonly full: Seconds;
}

const LIMIT_SECONDS = 120;
const ROUNDS = 3;

/** Starts issuer and responder on an installation with software keys, before and after it is filled. */
export async function benchStartUp(dir: string, certificates: number): Promise<StartUpResult> {
  const port = await freePort();
  const config = prepareInstallation(
    { dir, port, metricsPort: await freePort(), signer: "software", key: "p256" },
    () => undefined,
  );
  mkdirSync(join(dir, "log"), { recursive: true });
  await startOnce(config, dir);
  const empty = await best(config, dir);
  const writer = new StatusWriter({ ...config.store, installation: config.installation }, systemClock);
  await importPopulation(writer, certificates);
  await writer.close();
  return { empty, full: await best(config, dir) };
}

async function best(config: Config, dir: string): Promise<Seconds> {
  const rounds: Seconds[] = [];
  for (let round = 0; round < ROUNDS; round++) rounds.push(await startOnce(config, dir));
  return {
    issuer: Math.min(...rounds.map(({ issuer }) => issuer)),
    responder: Math.min(...rounds.map(({ responder }) => responder)),
  };
}

async function startOnce(config: Config, dir: string): Promise<Seconds> {
  const services: Service[] = [];
  const start = (name: "issuer" | "responder"): Service => {
    const service = new Service(name, config.file, join(dir, "log"));
    services.push(service);
    return service;
  };
  try {
    let started = performance.now();
    const client = await start("issuer").until("the issuer's start", LIMIT_SECONDS, () => connect(config));
    const issuer = (performance.now() - started) / 1000;
    await ensureRoot(client, join(dir, "pki"), () => undefined);
    started = performance.now();
    const responder = start("responder");
    await responder.until("enrolment", LIMIT_SECONDS, () => ensureDelegate(client, config, () => undefined));
    client.close();
    await responder.until("the responder's start", LIMIT_SECONDS, () => isReady(config));
    return { issuer, responder: (performance.now() - started) / 1000 };
  } finally {
    for (const service of services.reverse()) await service.stop();
  }
}

async function isReady({ responder }: Config): Promise<true | undefined> {
  const { host, port } = responder.metricsListen;
  const response = await fetch(`http://${host}:${port}/readyz`).catch(() => undefined);
  return response?.ok ? true : undefined;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
