import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { setTimeout as wait } from "node:timers/promises";
import { below } from "../../test/soak/memory.js";

const DEADLINE_MS = 30_000;

/** Process groups to end if the bench ends early. */
const running = new Set<number>();
process.once("exit", () => {
  for (const group of running) process.kill(-group, "SIGKILL");
});

/** How to know that a server serves: it accepts on a port, or it has printed something and has so many processes below it. */
export type Ready = { readonly port: number } | { readonly printed: string; readonly processes: number };

/** A server that takes part in a bench, in a process group of its own. */
export class Server {
  private said = "";

  private constructor(private readonly child: ChildProcess) {
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (text) => {
        this.said = (this.said + text).slice(-2_000);
      });
  }

  /** Starts a program and waits until it serves. `makesGroup`: it makes a process group of its own, and must not lead one. */
  static async start(command: readonly string[], ready: Ready, makesGroup = false): Promise<Server> {
    const [program, ...args] = command as [string, ...string[]];
    const child = spawn(program, args, { detached: !makesGroup, stdio: ["ignore", "pipe", "pipe"] });
    const server = new Server(child);
    await once(child, "spawn");
    running.add(server.pid);
    child.once("exit", () => running.delete(server.pid));
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

  /** Ends the whole group: `openssl ocsp -multi` leaves its children behind otherwise. */
  async stop(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, "exit");
    process.kill(-this.pid, "SIGKILL");
    await ended;
  }

  private serves(ready: Ready): Promise<boolean> | boolean {
    if ("port" in ready) return accepts(ready.port);
    return this.said.includes(ready.printed) && below(this.pid).length >= ready.processes;
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
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
