import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { copyFileSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { below } from "../test/soak/memory.js";
import { type BenchContext, startDemo } from "./context.js";
import type { BenchResult, Figure } from "./harness/result.js";
import { median } from "./harness/statistics.js";
import { OpensslCa } from "./peers/openssl-ca.js";
import { seed } from "./population.js";

const MILLION = 1_000_000;
const ROUNDS = 3;
const LOOK_MS = 20;
/** DESIGN 7. */
const MOST_SECONDS = 2;
const MOST_MIB = 150;
const MOST_FACTOR = 11;

/** A complete CRL of a million entries, from the request to its publication, beside openssl on the same machine. */
export async function crlBench(context: BenchContext): Promise<BenchResult> {
  const { dir, rounds = ROUNDS, progress } = context;
  const ours = await publish(context, MILLION, rounds);
  const openssl: Measured[] = [];
  const ca = new OpensslCa(dir, "rsa2048", 1);
  writeIndex(ca.path("index"), MILLION);
  const config = join(dir, "ca.conf");
  writeFileSync(
    config,
    `[ca]\ndefault_ca = c\n[c]\ndatabase = ${ca.path("index")}\ndefault_md = sha256\ndefault_crl_days = 7\n`,
  );
  const files = ["-keyfile", ca.path("ca.key"), "-cert", ca.path("ca.pem"), "-out", join(dir, "openssl.crl")];
  for (let round = 1; round <= rounds; round++) {
    progress(`openssl ca -gencrl, round ${round} of ${rounds}`);
    openssl.push(await watched(["openssl", "ca", "-gencrl", "-config", config, ...files]));
  }
  const seconds = median(ours.seconds);
  const theirs = median(openssl.map((run) => run.seconds));
  const figures: Figure[] = [
    {
      what: "complete CRL, 1 M entries: build, gate, sign, publish",
      value: seconds,
      unit: "s",
      atMost: MOST_SECONDS,
    },
    { what: "its builder's anonymous memory", value: Math.max(...ours.mib), unit: "MiB", atMost: MOST_MIB },
    { what: "its size", value: ours.octets / 2 ** 20, unit: "MiB" },
    { what: "openssl ca -gencrl, 1 M entries", value: theirs, unit: "s" },
    { what: "its anonymous memory", value: Math.max(...openssl.map(({ mib }) => mib)), unit: "MiB" },
    { what: "openssl dgst -sha256, cp and sync of our CRL", value: median(ours.floor), unit: "s" },
  ];
  return { bench: "crl", comparisons: [], figures, controls: [] };
}

/** The same with ten million entries: time and memory over those of one million. */
export async function crlLargeBench(context: BenchContext): Promise<BenchResult> {
  const one = await publish(context, MILLION, 2);
  const ten = await publish(context, 10 * MILLION, 2);
  const factor = median(ten.seconds) / median(one.seconds);
  const figures: Figure[] = [
    { what: "complete CRL, 1 M entries", value: median(one.seconds), unit: "s" },
    { what: "complete CRL, 10 M entries", value: median(ten.seconds), unit: "s" },
    { what: "10 M over 1 M", value: factor, unit: "x", atMost: MOST_FACTOR },
    { what: "builder's anonymous memory, 1 M", value: Math.max(...one.mib), unit: "MiB" },
    {
      what: "builder's anonymous memory, 10 M",
      value: Math.max(...ten.mib),
      unit: "MiB",
      atMost: Math.max(...one.mib) * 1.2,
    },
    { what: "openssl dgst -sha256, cp and sync, 10 M", value: median(ten.floor), unit: "s" },
  ];
  return { bench: "crl-10m", comparisons: [], figures, controls: [] };
}

interface Published {
  readonly seconds: readonly number[];
  readonly mib: readonly number[];
  /** What digesting, copying and syncing the file takes: no publication can be quicker. */
  readonly floor: readonly number[];
  readonly octets: number;
}

async function publish(context: BenchContext, entries: number, rounds: number): Promise<Published> {
  const { progress } = context;
  progress(`seeding ${entries} revoked certificates`);
  const demo = await startDemo(context, "p256");
  await demo.responderService.stop();
  await seed(demo, entries, entries);
  const file = join(demo.config.crl.dir, "root.crl");
  const runs: { seconds: number; mib: number; floor: number }[] = [];
  for (let round = 1; round <= rounds; round++) {
    progress(`CRL of ${entries} entries, round ${round} of ${rounds}`);
    const memory = new Memory(() => below(demo.issuerService.pid));
    const begun = performance.now();
    const acting = { role: "administrator", approvals: [] as [] } as const;
    await demo.client.request({ op: "crl.issue", issuer: "root", delta: false, ...acting });
    const seconds = (performance.now() - begun) / 1000;
    runs.push({ seconds, mib: memory.end(), floor: await floor(file) });
  }
  return {
    seconds: runs.map((run) => run.seconds),
    mib: runs.map((run) => run.mib),
    floor: runs.map((run) => run.floor),
    octets: statSync(file).size,
  };
}

async function floor(file: string): Promise<number> {
  const copy = `${file}.copy`;
  const digest = await watched(["openssl", "dgst", "-sha256", file]);
  const begun = performance.now();
  copyFileSync(file, copy);
  await watched(["sync", copy]);
  const seconds = digest.seconds + (performance.now() - begun) / 1000;
  rmSync(copy);
  return seconds;
}

interface Measured {
  readonly seconds: number;
  readonly mib: number;
}

/** Runs a program to its end. */
async function watched([program, ...args]: readonly string[]): Promise<Measured> {
  const begun = performance.now();
  const child = spawn(program as string, args, { stdio: "ignore" });
  const memory = new Memory(() => [child.pid as number]);
  const code = await new Promise((resolve) => child.once("close", resolve));
  const mib = memory.end();
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}`);
  return { seconds: (performance.now() - begun) / 1000, mib };
}

/** Greatest RssAnon of any one of some processes, looked at every 20 ms. */
class Memory {
  private most = 0;
  private readonly timer: NodeJS.Timeout;

  constructor(private readonly processes: () => readonly number[]) {
    this.timer = setInterval(() => this.look(), LOOK_MS);
  }

  /** MiB. */
  end(): number {
    clearInterval(this.timer);
    return this.most / 1024;
  }

  private look(): void {
    for (const pid of this.processes()) this.most = Math.max(this.most, rssAnonKiB(pid));
  }
}

function rssAnonKiB(pid: number): number {
  try {
    return Number(/^RssAnon:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

/** An index of revoked certificates as `openssl ca` keeps it: 16-octet serials and a reason. */
function writeIndex(file: string, entries: number): void {
  const lines = Array.from({ length: entries }, () => {
    const serial = `41${randomBytes(15).toString("hex").toUpperCase()}`;
    return `R\t450101000000Z\t260101000000Z,keyCompromise\t${serial}\tunknown\t/CN=${serial}\n`;
  });
  writeFileSync(file, lines.join(""));
}
