import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, release, totalmem } from "node:os";

/** The class of machine that figures come from: no name, no address. */
export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly kernel: string;
  readonly system: string;
  readonly node: string;
  readonly openssl: string;
  readonly nodeOpenssl: string;
  readonly uWebSockets: string;
  readonly sekisho: string;
}

export function thisMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.replace(/\s+/g, " ").trim() ?? "unknown",
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    system: system(),
    node: process.versions.node,
    openssl: said("openssl", "version"),
    nodeOpenssl: process.versions.openssl,
    uWebSockets: packageVersion("uWebSockets.js"),
    sekisho: said("git", "describe", "--always", "--dirty"),
  };
}

function system(): string {
  const file = "/etc/os-release";
  if (!existsSync(file)) return process.platform;
  return /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync(file, "utf8"))?.[1] ?? process.platform;
}

/** First line that a program prints; "" if it does not run. */
function said(program: string, ...args: string[]): string {
  try {
    return execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).split(
      "\n",
    )[0] as string;
  } catch {
    return "";
  }
}

function packageVersion(name: string): string {
  const file = createRequire(import.meta.url).resolve(`${name}/package.json`);
  return JSON.parse(readFileSync(file, "utf8")).version;
}

export function describeMachine(machine: Machine): string {
  const { cpu, cores, memoryGiB, kernel, system, node, openssl, nodeOpenssl, uWebSockets, sekisho } = machine;
  return [
    `${cores} x ${cpu}, ${memoryGiB} GiB, ${system}, Linux ${kernel}`,
    `sekisho ${sekisho}, Node ${node} (OpenSSL ${nodeOpenssl}), ${openssl}, uWebSockets.js ${uWebSockets}`,
  ].join("\n");
}
