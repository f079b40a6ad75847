import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const DIST = fileURLToPath(new URL("../..", import.meta.url));
const QUICKSTART = join(DIST, "tools", "quickstart.js");
const SEKISHO = join(DIST, "src", "sekisho.js");

/** A running quickstart. */
export interface RunningQuickstart {
  /** http://127.0.0.1:N as printed in the ready line. */
  readonly base: string;
  readonly child: ChildProcess;
  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | null>;
}

/** Two neighbouring free ports, the first for `--port`. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = await probe(0);
    if (port < 65_000 && (await probe(port + 1).catch(() => 0)) > 0) return port;
  }
}

function probe(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

/** Starts the quickstart on `dir` and waits for its ready line. */
export function startQuickstart(dir: string, args: readonly string[]): Promise<RunningQuickstart> {
  const child = spawn(process.execPath, [QUICKSTART, "--dir", dir, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  let output = "";
  child.stderr?.on("data", (text) => {
    output += text;
  });
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).on("line", (line) => {
      output += `${line}\n`;
      const base = /^ready (http:\S+)$/.exec(line)?.[1];
      if (base === undefined) return;
      const stop = (): Promise<number | null> => {
        child.kill("SIGTERM");
        return ended;
      };
      resolve({ base, child, stop });
    });
    void ended.then((code) =>
      reject(new Error(`the quickstart ended with ${code} before it was ready:\n${output}`)),
    );
  });
}

/** Runs the quickstart to its end. */
export function runQuickstart(dir: string, args: readonly string[]) {
  return spawnSync(process.execPath, [QUICKSTART, "--dir", dir, ...args], {
    encoding: "utf8",
    timeout: 120_000,
  });
}

/** Runs `sekisho ARGS --config DIR/sekisho.toml`. */
export function sekisho(dir: string, ...args: string[]) {
  return spawnSync(process.execPath, [SEKISHO, ...args, "--config", join(dir, "sekisho.toml")], {
    encoding: "utf8",
    timeout: 60_000,
  });
}
