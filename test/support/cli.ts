import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import type { ControlOp, ControlRequest, Outcome } from "../../src/control/messages.js";
import { DEMO_INSTALLATION, type DemoConfigOverrides, demoConfig } from "./config.js";
import { startControl, testOperator } from "./control.js";
import { tempDir } from "./temp-dir.js";

const BIN = fileURLToPath(new URL("../../src/sekisho.js", import.meta.url));

export interface CliRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built `sekisho` with the arguments in a directory. */
export function sekishoIn(dir: string, ...args: string[]): Promise<CliRun> {
  return new Promise((resolve) => {
    execFile(process.execPath, [BIN, ...args], { cwd: dir, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === "number" ? error.code : -1;
      resolve({ code, stdout, stderr });
    });
  });
}

/** Runs `sekisho` like `sekishoIn`, but closes its standard output after the first piece. */
export async function sekishoCutShort(dir: string, ...args: string[]): Promise<CliRun> {
  const child = spawn(process.execPath, [BIN, ...args], { cwd: dir, stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.once("data", (piece: Buffer) => {
    stdout = piece.toString();
    child.stdout.destroy();
  });
  child.stderr.on("data", (piece: Buffer) => {
    stderr += piece.toString();
  });
  const [code] = (await once(child, "close")) as [number | null];
  return { code: code ?? -1, stdout, stderr };
}

/** A directory with a configuration and operator `alice`'s key, whose issuer answers as `answer` says. */
export async function fakeIssuer(
  t: TestContext,
  answer: (request: ControlRequest) => Outcome<ControlOp>,
  overrides: DemoConfigOverrides = {},
) {
  const dir = tempDir(t);
  const { privateKey, publicKey } = testOperator();
  writeFileSync(join(dir, "alice.pem"), privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  const config = demoConfig(dir, { ...overrides, operator: { publicKey, keyFile: "alice.pem" } });
  const requests: ControlRequest[] = [];
  const control = await startControl(t, {
    socket: join(dir, "issuer.sock"),
    installation: DEMO_INSTALLATION,
    operators: { alice: { publicKey, roles: ["administrator"] } },
    handle: async (request) => {
      requests.push(request);
      return answer(request);
    },
  });
  return { dir, config, requests, control, run: (...args: string[]) => sekishoIn(dir, ...args) };
}
