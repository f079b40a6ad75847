import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { enrol, type Installation, makeInstallation } from "./installation.js";
import { freePort } from "./quickstart.js";

const SEKISHO = fileURLToPath(new URL("../../src/sekisho.js", import.meta.url));

/** An installation with an enrolled delegate and its configuration on disk, for responders in processes of their own. */
export interface ServedInstallation extends Installation {
  readonly port: number;
  /** The configuration as written. */
  readonly text: string;
  write(text: string): void;
}

export async function makeServedInstallation(
  edit: (text: string) => string = (text) => text,
): Promise<ServedInstallation> {
  const port = await freePort();
  let text = "";
  const installation = await makeInstallation((demo) => {
    text = edit(
      demo
        .replace(/^listen = .*$/m, `listen = "127.0.0.1:${port}"`)
        .replace(/^metrics_listen = .*$/m, `metrics_listen = "127.0.0.1:${port + 1}"`),
    );
    return text;
  });
  await enrol(installation);
  const write = (changed: string): void => writeFileSync(join(installation.dir, "sekisho.toml"), changed);
  write(text);
  return { ...installation, port, text, write };
}

/** A line of the log, which supervisor and processes share. */
interface LogLine {
  readonly pid: number;
  readonly msg: string;
}

/** A `sekisho responder` with its processes. */
export class RunningResponder {
  readonly child: ChildProcess;
  /** Exit code or signal, once the last process has let go of the log. */
  readonly ended: Promise<number | string | null>;
  readonly lines: string[] = [];
  private readonly waiting = new Set<() => void>();

  constructor(dir: string, ...args: string[]) {
    const command = [SEKISHO, "responder", "--config", join(dir, "sekisho.toml"), ...args];
    this.child = spawn(process.execPath, command, { stdio: ["ignore", "inherit", "pipe"] });
    createInterface({ input: this.child.stderr as NodeJS.ReadableStream }).on("line", (line) => {
      this.lines.push(line);
      for (const look of this.waiting) look();
    });
    this.ended = new Promise((resolve) =>
      this.child.once("close", (code, signal) => {
        resolve(signal ?? code);
        for (const look of this.waiting) look();
      }),
    );
  }

  /** Starts one and waits until every process answers. */
  static async start(dir: string, ...args: string[]): Promise<RunningResponder> {
    const responder = new RunningResponder(dir, ...args);
    await responder.logged(/^responder answers$/);
    return responder;
  }

  /** Waits for the `nth` line from number `from` on whose message matches. Throws if the responder ends before. */
  async logged(pattern: RegExp, from = 0, nth = 1): Promise<LogLine> {
    for (;;) {
      const lines = this.lines.slice(from).flatMap(parseLine);
      const line = lines.filter(({ msg }) => pattern.test(msg))[nth - 1];
      if (line !== undefined) return line;
      if (this.child.exitCode !== null)
        throw new Error(`the responder ended with ${this.child.exitCode}:\n${this.lines.join("\n")}`);
      await new Promise<void>((resolve) => {
        const look = (): void => {
          this.waiting.delete(look);
          resolve();
        };
        this.waiting.add(look);
      });
    }
  }

  /** Sends SIGHUP and waits for the message that matches. */
  async reload(outcome: RegExp): Promise<LogLine> {
    const from = this.lines.length;
    this.child.kill("SIGHUP");
    return this.logged(outcome, from);
  }

  /** Process ids of the responder processes, those that drain among them. */
  processes(): number[] {
    const { pid } = this.child;
    return readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").map(Number);
  }

  async stop(): Promise<number | string | null> {
    this.child.kill("SIGTERM");
    return this.ended;
  }
}

function parseLine(line: string): LogLine[] {
  return line.startsWith("{") ? [JSON.parse(line)] : [];
}
