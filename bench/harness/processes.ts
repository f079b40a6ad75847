import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { below } from "../../test/soak/memory.js";
import { accepts } from "../../test/support/accepts.js";

const DEADLINE_MS = 30_000;

/** Servers to end if the bench ends early. */
const running = new Set<Server>();
process.once("exit", () => {
  for (const server of running) server.kill();
});

/** How to know that a server serves: it accepts on a port, or it has printed something and has so many processes below it. */
export type Ready = { readonly port: number } | { readonly printed: string; readonly processes: number };

/**
 * A server that takes part in a bench. In the bench's own session: Linux shares processors between sessions (autogroup),
 * and one of its own would give a server more than its share of a busy machine.
 */
export class Server {
  private said = "";

  private constructor(
    private readonly child: ChildProcess,
    private readonly makesGroup: boolean,
  ) {
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (text) => {
        this.said = (this.said + text).slice(-2_000);
      });
  }

  /** Starts a program and waits until it serves. `makesGroup`: it makes a process group of its own. */
  static async start(command: readonly string[], ready: Ready, makesGroup = false): Promise<Server> {
    const [program, ...args] = command as [string, ...string[]];
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
    const server = new Server(child, makesGroup);
    await once(child, "spawn");
    running.add(server);
    child.once("exit", () => running.delete(server));
    const deadline = performance.now() + DEADLINE_MS;
    while (!(await server.serves(ready))) {
      if (child.exitCode !== null || performance.now() > deadline) {
        await server.stop();
        throw new Error(`${program} does not serve: ${server.said}`);
      }
      await wait(20);
    }
    return server;
  }

  get pid(): number {
    return this.child.pid as number;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, "exit");
    this.kill();
    await ended;
  }

  /** Ends the whole group where there is one: `openssl ocsp -multi` leaves its children behind otherwise. */
  kill(): void {
    process.kill(this.makesGroup ? -this.pid : this.pid, "SIGKILL");
  }

  private serves(ready: Ready): Promise<boolean> | boolean {
    if ("port" in ready) return accepts(ready.port);
    return this.said.includes(ready.printed) && below(this.pid).length >= ready.processes;
  }
}

/** A port of the loopback interface that nobody listens on. */
export function unusedPort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}
