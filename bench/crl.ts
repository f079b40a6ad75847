import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { copyFileSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { ALL } from "../src/crl/scope.js";
import type { Population } from "../src/issuer/synthetic-population.js";
import { StatusReader } from "../src/store/status-reader.js";
import type { Demo } from "../test/soak/demo.js";
import { below } from "../test/soak/memory.js";
import { type BenchContext, startDemo } from "./context.js";
import type { BenchResult, Figure, Progress } from "./harness/result.js";
import { median } from "./harness/statistics.js";
import { OpensslCa } from "./peers/openssl-ca.js";
import { goodSerials, seed } from "./population.js";

const MILLION = 1_000_000;
const ROUNDS = 5;
const CHANGES = 10_000;
const CHANGES_A_COMMAND = 2_500;
const LOOK_MS = 20;
const LOOK_FOR_CHANGES_MS = 1_000;
const FORGETTING_SECONDS = 1_200;
/** DESIGN 7. */
const MOST_SECONDS = 2;
const MOST_MIB = 150;
const MOST_FACTOR = 11;
const MOST_DELTA_SECONDS = 0.2;

const acting = { role: "administrator", approvals: [] as [] } as const;

/** Complete CRLs of a million entries and delta CRLs on them, from request to publication, beside openssl's. */
export async function crlBench(context: BenchContext): Promise<BenchResult> {
  const { dir, rounds = ROUNDS, progress } = context;
  const lists = await Lists.start(context, MILLION);
  const first = await lists.publish();
  await lists.forgetting();
  const ours: Measured[] = [];
  const theirs: Measured[] = [];
  const floors: number[] = [];
  const openssl = opensslCa(dir, MILLION);
  for (let round = 1; round <= rounds; round++) {
    progress(`complete CRLs, round ${round} of ${rounds}`);
    ours.push(await lists.publish());
    floors.push(await floor(lists.file));
    theirs.push(await watched(openssl));
  }
  const deltas = await deltaCrls(lists, 3 * rounds, progress);
  const seconds = median(ours.map((run) => run.seconds));
  const opensslSeconds = median(theirs.map((run) => run.seconds));
  const figures: Figure[] = [
    {
      what: "complete CRL, 1 M entries: build, gate, sign, publish",
      value: seconds,
      unit: "s",
      atMost: MOST_SECONDS,
    },
    { what: "its builder's anonymous memory", value: most(ours), unit: "MiB", atMost: MOST_MIB },
    { what: "its size", value: statSync(lists.file).size / 2 ** 20, unit: "MiB" },
    { what: "the first one, after a million revocations", value: first.seconds, unit: "s" },
    { what: "openssl ca -gencrl, 1 M entries", value: opensslSeconds, unit: "s" },
    { what: "its anonymous memory", value: most(theirs), unit: "MiB" },
    { what: "ours over openssl's", value: seconds / opensslSeconds, unit: "x" },
    { what: "openssl dgst -sha256, cp and sync of our CRL", value: median(floors), unit: "s" },
    {
      what: "delta CRL of 10 k changes on 1 M entries",
      value: median(deltas),
      unit: "s",
      atMost: MOST_DELTA_SECONDS,
    },
  ];
  return { bench: "crl", comparisons: [], figures, controls: [] };
}

/** The same with ten million entries: time and memory over those of one million. */
export async function crlLargeBench(context: BenchContext): Promise<BenchResult> {
  const one = await completeCrls(context, MILLION);
  const ten = await completeCrls(context, 10 * MILLION);
  const seconds = ({ runs }: { runs: readonly Measured[] }) => median(runs.map((run) => run.seconds));
  const figures: Figure[] = [
    { what: "complete CRL, 1 M entries", value: seconds(one), unit: "s" },
    { what: "complete CRL, 10 M entries", value: seconds(ten), unit: "s" },
    { what: "10 M over 1 M", value: seconds(ten) / seconds(one), unit: "x", atMost: MOST_FACTOR },
    { what: "builder's anonymous memory, 1 M", value: most(one.runs), unit: "MiB" },
    {
      what: "builder's anonymous memory, 10 M",
      value: most(ten.runs),
      unit: "MiB",
      atMost: most(one.runs) * 1.2,
    },
    { what: "openssl dgst -sha256, cp and sync, 10 M", value: ten.floor, unit: "s" },
  ];
  return { bench: "crl-10m", comparisons: [], figures, controls: [] };
}

async function completeCrls(context: BenchContext, entries: number) {
  const lists = await Lists.start(context, entries);
  await lists.publish();
  await lists.forgetting();
  const runs: Measured[] = [];
  for (let round = 1; round <= 3; round++) {
    context.progress(`CRL of ${entries} entries, round ${round} of 3`);
    runs.push(await lists.publish());
  }
  return { runs, floor: await floor(lists.file) };
}

/** Seconds that delta CRLs take which all list the same changes. */
async function deltaCrls(lists: Lists, rounds: number, progress: Progress): Promise<number[]> {
  await lists.beginDeltas();
  await lists.revoke(CHANGES);
  const seconds: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    progress(`delta CRLs, round ${round} of ${rounds}`);
    seconds.push(await lists.publishSeconds(true));
  }
  return seconds;
}

/** An issuer whose CRL lists that many certificates. */
class Lists {
  private constructor(
    private readonly demo: Demo,
    private readonly population: Population,
    private readonly progress: Progress,
  ) {}

  static async start(context: BenchContext, entries: number): Promise<Lists> {
    const { progress } = context;
    progress(`seeding ${entries} revoked certificates`);
    const population = { certificates: entries + CHANGES, revoked: entries };
    const demo = await startDemo(context, "p256");
    await demo.responderService.stop();
    await seed(demo, population.certificates, population.revoked);
    return new Lists(demo, population, progress);
  }

  get file(): string {
    return join(this.demo.config.crl.dir, "root.crl");
  }

  /** A complete CRL: time from the request to the answer, and the builder's memory. */
  async publish(): Promise<Measured> {
    const memory = new Memory(() => below(this.demo.issuerService.pid));
    const seconds = await this.publishSeconds(false);
    return { seconds, mib: memory.end() };
  }

  /** Time of one whose memory is not looked at: to look takes a delta CRL's time. */
  async publishSeconds(delta: boolean): Promise<number> {
    const begun = performance.now();
    await this.demo.client.request({ op: "crl.issue", issuer: "root", delta, ...acting });
    return (performance.now() - begun) / 1000;
  }

  /** Waits until the issuer has dropped the changes that the published CRL shows. */
  async forgetting(): Promise<void> {
    const { client, config, issuerService } = this.demo;
    this.progress("waiting until the changes that the CRL shows are dropped");
    const status = StatusReader.open({ ...config.store, installation: config.installation });
    await issuerService.until("the dropping of changes", FORGETTING_SECONDS, async () => {
      await wait(LOOK_FOR_CHANGES_MS);
      // The issuer would close a connection that nobody uses.
      await client.request({ op: "status", ...acting });
      const snapshot = status.snapshot();
      const changes = snapshot.changes(status.issuers()[0]?.issuer ?? 0, ALL, 0);
      const none = changes.next().done === true;
      changes.return(undefined);
      snapshot.close();
      return none || undefined;
    });
    await status.close();
  }

  /** The next complete CRL names a delta CRL, and may be its base. */
  async beginDeltas(): Promise<void> {
    await this.demo.restartIssuer((text) => `${text}\n${DELTA}`);
    await this.publish();
  }

  async revoke(count: number): Promise<void> {
    const serials = [...goodSerials(this.population)].slice(0, count);
    for (let at = 0; at < count; at += CHANGES_A_COMMAND) {
      const changes = serials
        .slice(at, at + CHANGES_A_COMMAND)
        .map((serial) => ({ serial, reason: "superseded" as const }));
      await this.demo.client.request({ op: "cert.revoke", issuer: "root", changes, ...acting });
    }
  }
}

const DELTA = `[issuers.root.crl.delta]
period = "6h"
validity = "12h"
`;

/** `openssl ca -gencrl` over an index of that many revoked certificates, as its arguments. */
function opensslCa(dir: string, entries: number): string[] {
  const ca = new OpensslCa(dir, "rsa2048", 1);
  writeIndex(ca.path("index"), entries);
  const config = join(dir, "ca.conf");
  writeFileSync(
    config,
    `[ca]\ndefault_ca = c\n[c]\ndatabase = ${ca.path("index")}\ndefault_md = sha256\ndefault_crl_days = 7\n`,
  );
  const files = ["-keyfile", ca.path("ca.key"), "-cert", ca.path("ca.pem"), "-out", join(dir, "openssl.crl")];
  return ["openssl", "ca", "-gencrl", "-config", config, ...files];
}

const most = (runs: readonly Measured[]): number => Math.max(...runs.map(({ mib }) => mib));

/** What digesting, copying and syncing the file takes: no publication can be quicker. */
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
    this.timer = setInterval(() => this.look(), LOOK_MS).unref();
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
