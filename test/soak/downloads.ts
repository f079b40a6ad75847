import { type ChildProcess, fork } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { percentiles } from "../../bench/load/histogram.js";
import { describeLoad, type LoadReport, runLoad } from "../../bench/load/run-generator.js";
import { largeCrl } from "../support/large-crl.js";
import { TestCa } from "../support/test-ca.js";
import { Demo } from "./demo.js";
import { anonymousMiB, below } from "./memory.js";
import { usualQuestions } from "./questions.js";
import type { ReadersReport, ReadersTask } from "./slow-readers.js";

export interface DownloadsOptions {
  /** Slow downloads at a time. */
  readonly readers: number;
  /** Of the CRL. */
  readonly octets: number;
  /** Octets a second that each reader takes. */
  readonly pace: number;
  /** Requests a second meanwhile. */
  readonly rate: number;
  /** Of each phase. */
  readonly seconds: number;
  /** Phases without and with readers, in turn. */
  readonly pairs: number;
  readonly transport: string;
}

const READERS = fileURLToPath(new URL("./slow-readers.js", import.meta.url));
const CONNECTIONS = 32;
const WARM_UP_SECONDS = 3;
/** A partition, so that the issuer does not replace it. */
const NAME = "root/7.crl";
/** Of the times in /proc/PID/stat. */
const TICKS_A_SECOND = 100;
const MOST_ADDED_MS = 10;
/** http1 may hold 16 KiB for each reader. */
const MOST_GROWTH_MIB = 64;

/**
 * Many slow downloads of a large CRL beside OCSP requests: no copy of the file in memory, one descriptor for each
 * version, every reader gets the version it began with although it is replaced meanwhile, and OCSP stays quick.
 */
export async function downloads(options: DownloadsOptions): Promise<void> {
  const demo = await Demo.start({
    create: ["--key", "p256"],
    responder: ["--processes", "1"],
    responderConfig: (text) => text.replace("[responder]", `[responder]\ntransport = "${options.transport}"`),
  });
  const load = loadOn(demo, options);
  const pairs: Pair[] = [];
  await load(WARM_UP_SECONDS);
  for (let i = 0; i < options.pairs; i++) pairs.push(await quietAndBusy(demo, load, options, 2n * BigInt(i)));
  await wait(1_000);
  const { descriptors } = show("after", undefined, demo);
  rmSync(join(demo.config.crl.dir, "root"), { recursive: true });
  await demo.end();

  const wrong = [...new Set(pairs.flatMap((pair) => pair.wrong))];
  const p99 = (phase: "quiet" | "busy"): number =>
    median(pairs.map((pair) => percentiles(pair[phase].load.latency).p99));
  const cpu = (phase: "quiet" | "busy"): number => median(pairs.map((pair) => pair[phase].cpu));
  console.log(`median p99: quiet ${p99("quiet").toFixed(2)} ms, with readers ${p99("busy").toFixed(2)} ms`);
  console.log(
    `median processor time: quiet ${cpu("quiet").toFixed(2)} s, with readers ${cpu("busy").toFixed(2)} s`,
  );
  if (p99("busy") - p99("quiet") > MOST_ADDED_MS) wrong.push("p99 grew too much");
  if (descriptors !== 0) wrong.push("descriptors are left");
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
}

interface Phase {
  readonly load: LoadReport;
  /** Processor seconds of the responder's process. */
  readonly cpu: number;
  readonly figures: Figures;
}

interface Pair {
  readonly quiet: Phase;
  readonly busy: Phase;
  readonly wrong: readonly string[];
}

async function quietAndBusy(
  demo: Demo,
  load: (seconds: number) => Promise<LoadReport>,
  options: DownloadsOptions,
  number: bigint,
): Promise<Pair> {
  const { dir } = demo.config.crl;
  const phase = async (name: string): Promise<Phase> => {
    const before = cpuSeconds(demo);
    const report = await load(options.seconds);
    return { load: report, cpu: cpuSeconds(demo) - before, figures: show(name, report, demo) };
  };
  const published = publish(dir, number, options.octets);
  const quiet = await phase("quiet");
  const readers = fork(READERS);
  readers.send({ port: demo.port, target: `/crl/${NAME}`, ...options } satisfies ReadersTask);
  await reported(readers);
  publish(dir, number + 1n, options.octets);
  const busy = await phase("readers");
  readers.send("finish");
  const report = await reported(readers);
  console.log(`readers: sample of ${report.whole} got the whole list, ${report.cut} were cut`);
  const wrong = [...Object.keys(quiet.load.failures), ...Object.keys(busy.load.failures)];
  if (busy.figures.memory - quiet.figures.memory > MOST_GROWTH_MIB)
    wrong.push("memory grew with the readers");
  if (busy.figures.descriptors !== 1) wrong.push("not one descriptor for the version");
  if (report.cut > 0) wrong.push("readers were cut");
  if (report.digests.join() !== published) wrong.push("a reader got another version than it began with");
  return { quiet, busy, wrong };
}

/** Processor time of the responder's process so far. */
function cpuSeconds(demo: Demo): number {
  const [pid] = below(demo.responderService.pid);
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
    .replace(/^.*\) /, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;

const loadOn = (demo: Demo, { rate }: DownloadsOptions) => {
  const questions = usualQuestions(demo.certificate("issuer"), demo.certificate("good").serialNumber);
  const plan = { host: "127.0.0.1", port: demo.port, connections: CONNECTIONS, rate, questions };
  return (seconds: number): Promise<LoadReport> => runLoad({ ...plan, seconds });
};

/** Publishes a list by rename; returns its SHA-256. */
function publish(dir: string, number: bigint, octets: number): string {
  const ca = new TestCa();
  const now = Math.floor(Date.now() / 1000);
  const fields = {
    issuerName: ca.certificate.subjectName,
    thisUpdate: now,
    nextUpdate: now + 86_400,
    cRLNumber: number,
    authorityKeyIdentifier: new Uint8Array(20),
  };
  const bytes = largeCrl(fields, octets, ca.signer.privateKey);
  mkdirSync(join(dir, "root"), { recursive: true });
  writeFileSync(join(dir, "root", "staged"), bytes);
  renameSync(join(dir, "root", "staged"), join(dir, NAME));
  return createHash("sha256").update(bytes).digest("hex");
}

interface Figures {
  /** RssAnon of the responder's process, MiB. */
  readonly memory: number;
  /** Open on files of the partition's directory. */
  readonly descriptors: number;
}

function show(phase: string, load: LoadReport | undefined, demo: Demo): Figures {
  const supervisor = demo.responderService.pid;
  const [pid] = below(supervisor) as [number];
  const targets = readdirSync(`/proc/${pid}/fd`).map((fd) => linkTarget(`/proc/${pid}/fd/${fd}`));
  const descriptors = targets.filter((target) =>
    target.startsWith(join(demo.config.crl.dir, "root/")),
  ).length;
  const memory = anonymousMiB(supervisor);
  if (load !== undefined) console.log(`${phase}: ${describeLoad(load)}`);
  console.log(
    `${phase}: RssAnon ${memory.toFixed(0)} MiB, ${targets.length} descriptors, ${descriptors} of them on CRLs`,
  );
  return { memory, descriptors };
}

/** "" for a descriptor that is closed meanwhile. */
function linkTarget(link: string): string {
  try {
    return readlinkSync(link);
  } catch {
    return "";
  }
}

async function reported(readers: ChildProcess): Promise<ReadersReport> {
  const ended = once(readers, "exit").then(() => {
    throw new Error("the readers' process ended");
  });
  const [report] = await Promise.race([once(readers, "message"), ended]);
  ended.catch(() => {});
  return report as ReadersReport;
}
