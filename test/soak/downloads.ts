import { type ChildProcess, fork } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readdirSync, readlinkSync, renameSync, rmSync, writeFileSync } from "node:fs";
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
  readonly transport: string;
}

const READERS = fileURLToPath(new URL("./slow-readers.js", import.meta.url));
const CONNECTIONS = 32;
const WARM_UP_SECONDS = 3;
/** A partition, so that the issuer does not replace it. */
const NAME = "root/7.crl";
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
  const dir = demo.config.crl.dir;
  const load = loadOn(demo, options);
  const published = publish(dir, 1n, options.octets);
  await load(WARM_UP_SECONDS);
  const quiet = await load(options.seconds);
  const before = show("quiet", quiet, demo);

  const readers = fork(READERS);
  readers.send({ port: demo.port, target: `/crl/${NAME}`, ...options } satisfies ReadersTask);
  await reported(readers);
  publish(dir, 2n, options.octets);
  const busy = await load(options.seconds);
  const during = show("during", busy, demo);
  readers.send("finish");
  const report = await reported(readers);
  console.log(`readers: sample of ${report.whole} got the whole list, ${report.cut} were cut`);
  await wait(1_000);
  const after = show("after", undefined, demo);
  rmSync(join(dir, "root"), { recursive: true });
  await demo.end();

  const wrong = [...Object.keys(quiet.failures), ...Object.keys(busy.failures)];
  const added = percentiles(busy.latency).p99 - percentiles(quiet.latency).p99;
  if (added > MOST_ADDED_MS) wrong.push(`p99 grew by ${added.toFixed(2)} ms`);
  if (during.memory - before.memory > MOST_GROWTH_MIB) wrong.push("memory grew with the readers");
  if (during.descriptors !== 1) wrong.push(`${during.descriptors} descriptors on one version`);
  if (after.descriptors !== 0) wrong.push("descriptors are left");
  if (report.cut > 0) wrong.push("readers were cut");
  if (report.digests.join() !== published)
    wrong.push("a reader got something else than the version it began with");
  if (wrong.length > 0) throw new Error(wrong.join("\n"));
}

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
