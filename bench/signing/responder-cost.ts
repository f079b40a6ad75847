import { spawn } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { parseCertificate } from "../../src/x509/certificate.js";
import { decodePem } from "../../src/x509/pem.js";
import { nonceQuestion } from "../../test/soak/questions.js";
import { freePort, startQuickstart } from "../../test/support/quickstart.js";
import { runLoad } from "../load/run-generator.js";
import type { BenchKey } from "./token-cost.js";

/** The repository; this file runs from dist/bench/signing. */
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const CONNECTIONS = 32;
/** V8 still compiles what an answer takes for so long. */
const WARM_UP_SECONDS = 20;
const START_MS = 30_000;

/** What one signed answer costs. */
export interface AnswerCost {
  /** Processor time of the responder process, microseconds an answer. */
  readonly cpuMicroseconds: number;
  /** Signed answers a second. */
  readonly rate: number;
  readonly failures: Readonly<Record<string, number>>;
}

/** A responder process with software keys that is asked for nothing but signatures: every request has a fresh nonce. */
export interface SigningResponder {
  measure(seconds: number): Promise<AnswerCost>;
  stop(): Promise<void>;
}

/** Creates an installation in `dir`; its responder runs `withAddon` or as if the addon had not been built. */
export async function startSigningResponder(
  dir: string,
  keyType: BenchKey,
  withAddon: boolean,
): Promise<SigningResponder> {
  const demo = join(dir, "demo");
  const port = await freePort();
  const create = ["--port", String(port), "--signer", "software", "--key", keyType];
  await (await startQuickstart(demo, create)).stop();
  const code = withAddon ? ROOT : copyWithoutAddon(join(dir, "code"));
  const config = join(demo, "sekisho.toml");
  const command = [join(code, "dist/src/sekisho.js"), "responder", "--config", config, "--processes", "1"];
  const child = spawn(process.execPath, command, { stdio: "ignore" });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  await untilReady(port + 1);
  const pid = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim());
  const certificate = (name: string) =>
    parseCertificate(decodePem(readFileSync(join(demo, "pki", `${name}.pem`)), "CERTIFICATE"));
  const questions = [nonceQuestion(certificate("issuer"), certificate("good").serialNumber)];
  const load = (seconds: number) =>
    runLoad({ host: "127.0.0.1", port, connections: CONNECTIONS, seconds, questions });
  await load(WARM_UP_SECONDS);
  return {
    measure: async (seconds) => {
      const before = cpuMicroseconds(pid);
      const { answered, rate, failures } = await load(seconds);
      return { cpuMicroseconds: (cpuMicroseconds(pid) - before) / answered, rate, failures };
    },
    stop: async () => {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** The addon is looked for beside package.json: a copy of what is compiled, elsewhere, has none. */
function copyWithoutAddon(code: string): string {
  mkdirSync(code);
  writeFileSync(join(code, "package.json"), readFileSync(join(ROOT, "package.json")));
  cpSync(join(ROOT, "dist/src"), join(code, "dist/src"), { recursive: true });
  cpSync(join(ROOT, "dist/native-bindings"), join(code, "dist/native-bindings"), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(code, "node_modules"));
  return code;
}

async function untilReady(metricsPort: number): Promise<void> {
  const latest = performance.now() + START_MS;
  while (performance.now() < latest) {
    const response = await fetch(`http://127.0.0.1:${metricsPort}/readyz`).catch(() => undefined);
    if (response?.ok) return;
    await wait(50);
  }
  throw new Error("the responder did not start");
}

/** Processor time of all threads of a process so far, those that have ended left out. */
function cpuMicroseconds(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).reduce((sum, thread) => {
    const [nanoseconds] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "latin1").split(" ");
    return sum + Number(nanoseconds) / 1000;
  }, 0);
}
