import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { SekishoError } from "../../src/core/errors.js";

const SEKISHO = fileURLToPath(new URL("../../src/sekisho.js", import.meta.url));
/** The responder drains for 10 s; then it is ended. */
const STOP_MS = 15_000;

/** Throws PORT_TAKEN before anything is created if the port cannot be had. */
export function checkPortFree(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", (error: NodeJS.ErrnoException) => {
      const why =
        error.code === "EADDRINUSE" ? "is taken by another process" : `cannot be used (${error.code})`;
      reject(new SekishoError("PORT_TAKEN", `port ${port} on 127.0.0.1 ${why}`, { cause: error }));
    });
    probe.listen({ host: "127.0.0.1", port, exclusive: true }, () => probe.close(() => resolve()));
  });
}

/** One of the two services as a child process of ours, in our session; its log goes to a file. */
export class Service {
  /** Rejects when the process ends without being asked to. */
  readonly failed: Promise<never>;
  private readonly child: ChildProcess;
  private readonly ended: Promise<void>;
  private stopping = false;

  constructor(
    readonly name: "issuer" | "responder",
    configFile: string,
    logDir: string,
    args: readonly string[] = [],
  ) {
    const logFile = join(logDir, `${name}.log`);
    const log = openSync(logFile, "a", 0o600);
    this.child = spawn(process.execPath, [SEKISHO, name, "--config", configFile, ...args], {
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    this.ended = new Promise((resolve) => this.child.once("exit", () => resolve()));
    this.failed = new Promise((_, reject) => {
      this.child.once("exit", (code, signal) => {
        if (!this.stopping)
          reject(
            new SekishoError("INTERNAL", `the ${name} ended (${signal ?? code}): ${lastComplaint(logFile)}`),
          );
      });
    });
    this.failed.catch(() => undefined);
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** Waits for `check` to give a value, asking every 50 ms; ends early if the process does. Throws INTERNAL after `seconds`. */
  async until<T>(what: string, seconds: number, check: () => Promise<T | undefined>): Promise<T> {
    const deadline = Date.now() + seconds * 1000;
    while (Date.now() < deadline) {
      const value = await Promise.race([check(), this.failed]);
      if (value !== undefined) return value;
      await Promise.race([new Promise((resolve) => setTimeout(resolve, 50)), this.failed]);
    }
    throw new SekishoError("INTERNAL", `${what} did not happen within ${seconds} s`);
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.child.kill("SIGTERM");
    const timer = setTimeout(() => this.child.kill("SIGKILL"), STOP_MS);
    await this.ended;
    clearTimeout(timer);
  }
}

/** The `error CODE: message` line of a service's log, or its last line. */
function lastComplaint(logFile: string): string {
  const lines = readFileSync(logFile, "utf8").trim().split("\n");
  return lines.findLast((line) => line.startsWith("error ")) ?? lines.at(-1) ?? `see ${logFile}`;
}
