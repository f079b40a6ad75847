import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { accepts } from "./accepts.js";
import { openssl } from "./openssl.js";

const DEADLINE_MS = 30_000;

/** A foreign TLS server that staples our answers, as a child process in the foreground. */
export class StaplingServer {
  private constructor(
    private readonly child: ChildProcess,
    private readonly errorLog: string,
  ) {}

  /** Starts it and waits until it accepts on the port. What it prints goes to its error log too. */
  static async start(command: readonly string[], port: number, errorLog: string): Promise<StaplingServer> {
    const [program, ...args] = command as [string, ...string[]];
    const log = openSync(errorLog, "a");
    const server = new StaplingServer(spawn(program, args, { stdio: ["ignore", log, log] }), errorLog);
    closeSync(log);
    try {
      await server.until("it accepts", () => accepts(port));
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /** What the error log says so far. */
  get errors(): string {
    return readFileSync(this.errorLog, "utf8");
  }

  /** Repeats `attempt` until it gives something; servers fetch a staple during or after the first handshake. */
  async until<T>(what: string, attempt: () => T | Promise<T>): Promise<NonNullable<T>> {
    const deadline = performance.now() + DEADLINE_MS;
    while (performance.now() < deadline && this.running) {
      const found = await attempt();
      if (found) return found;
      await wait(50);
    }
    throw new Error(`${this.child.spawnfile}: waited for: ${what}\n${this.errors}`);
  }

  async stop(): Promise<void> {
    if (!this.running) return;
    this.child.kill("SIGTERM");
    await once(this.child, "exit");
  }

  private get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }
}

/** What `openssl s_client -status` says of one handshake; the certificate must verify. */
export function opensslHandshake(port: number, root: string): string {
  const args = ["s_client", "-connect", `127.0.0.1:${port}`, "-servername", "localhost", "-status"];
  return openssl([...args, "-CAfile", root, "-verify_return_error"], "").toString();
}

/** What `gnutls-cli`, which verifies staples by itself, says of one handshake, and whether it went on. */
export function gnutlsHandshake(port: number, root: string): { accepted: boolean; said: string } {
  const args = ["--x509cafile", root, "--port", String(port), "127.0.0.1"];
  const { status, stdout, stderr } = spawnSync("gnutls-cli", args, { input: "", encoding: "utf8" });
  return { accepted: status === 0, said: `${stdout}${stderr}` };
}
