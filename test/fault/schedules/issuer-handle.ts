import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Line, Task } from "./protocol.js";

/** A schedule takes a second; a process that says nothing for so long will not any more. */
const SILENCE_MS = 60_000;

const PROCESS = fileURLToPath(new URL("./issuer-process.js", import.meta.url));

/** An issuer-process; it is started before it is needed, because loading takes longest. */
export class IssuerHandle {
  private readonly child: ChildProcess;
  private readonly lines: AsyncIterator<string>;
  private readonly exit: Promise<unknown>;
  private complaint = "";
  private silent = false;

  constructor(dir: string, env: Readonly<Record<string, string>>) {
    this.child = spawn(process.execPath, [PROCESS, dir], {
      env: { ...process.env, ...env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.exit = once(this.child, "exit");
    const { stdin, stdout, stderr } = this.child;
    if (stdin === null || stdout === null || stderr === null) throw new Error("no pipes");
    // Whoever dies of a fault does not read on.
    stdin.on("error", () => undefined);
    stderr.on("data", (text: Buffer) => {
      this.complaint = (this.complaint + text.toString()).slice(-4_000);
    });
    this.lines = createInterface({ input: stdout })[Symbol.asyncIterator]();
  }

  /** What it wrote on stderr, its end. */
  get stderr(): string {
    return this.complaint;
  }

  /** Runs a task; `onOpened` before its first act, `hear` for every line. True if the process can take another one. */
  async run(task: Task, onOpened: () => void, hear: (line: Line) => void): Promise<boolean> {
    const watchdog = setTimeout(() => {
      this.silent = true;
      this.child.kill("SIGKILL");
    }, SILENCE_MS);
    const lives = await this.perform(task, onOpened, hear);
    clearTimeout(watchdog);
    if (this.silent) throw new Error(`the issuer's process hung: ${this.complaint}`);
    return lives;
  }

  private async perform(task: Task, onOpened: () => void, hear: (line: Line) => void): Promise<boolean> {
    this.send(JSON.stringify(task));
    for (let next = await this.lines.next(); next.done !== true; next = await this.lines.next()) {
      const line: Line = JSON.parse(next.value);
      hear(line);
      if (line.say === "opened") {
        onOpened();
        this.send("go");
      }
      if (line.say === "end" && line.failure === undefined) return true;
    }
    await this.exit;
    return false;
  }

  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.exit;
  }

  private send(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }
}
