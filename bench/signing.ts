import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { FaultyToken } from "../test/support/faulty-token.js";
import { createSoftHsm } from "../test/support/softhsm.js";
import { opensslSpeed } from "./peers/openssl-speed.js";
import { type AnswerCost, startSigningResponder } from "./signing/responder-cost.js";
import { type SoftwareCost, softwareCost } from "./signing/software-cost.js";
import { type BenchKey, type Contestant, type TokenCost, tokenContestants } from "./signing/token-cost.js";

export interface SigningOptions {
  /** Seconds of each single measurement. */
  readonly seconds?: number;
  /** Measurements of each contestant, interleaved with the others'. */
  readonly rounds?: number;
  readonly keys?: readonly BenchKey[];
  /** Told before each measurement. */
  readonly onProgress?: (what: string) => void;
}

/** Median of ratios between neighbours in time, with the smallest and the largest. */
export interface Ratio {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export interface TokenResult {
  readonly token: string;
  readonly key: BenchKey;
  readonly sessions: number;
  /** Medians of signatures a second. */
  readonly bareLoop: number;
  readonly native: number;
  readonly thisThread: number;
  /** Rate against the bare loop's; DESIGN 7 asks 0.95. */
  readonly nativeRatio: Ratio;
  /** The bare loop's processor time a signature over ours: 1 if our threads cost nothing. */
  readonly processorRatio: Ratio;
  /** What the native threads gain over this thread. */
  readonly gain: Ratio;
  /** The bare loop against itself: what cannot be told apart. */
  readonly nullRatio: Ratio;
}

/** EcKey and RsaKey against node:crypto: processor time of a signature in batches of that size. */
export interface SoftwareResult {
  readonly key: BenchKey;
  readonly batch: number;
  /** Medians, microseconds. */
  readonly native: number;
  readonly twin: number;
  readonly gain: Ratio;
}

export interface ResponderResult {
  readonly key: BenchKey;
  readonly addon: boolean;
  /** Medians: microseconds of processor time. */
  readonly answer: number;
  readonly opensslSignature: number;
  /** Signed answers a second. */
  readonly rate: number;
  /** Processor time of an answer over that of a signature. DESIGN 7: 1.15 for RSA-2048, 2.5 for P-256 (4.5 without addon). */
  readonly costRatio: Ratio;
  /** Signed rate over what the responder's share of the processors could sign: 1 / costRatio. DESIGN 7: 0.8 and 0.4. */
  readonly ofProcessors: number;
  readonly nullRatio: Ratio;
}

export interface SigningReport {
  readonly machine: { readonly processor: string; readonly processors: number; readonly node: string };
  readonly token: readonly TokenResult[];
  readonly software: readonly SoftwareResult[];
  readonly responder: readonly ResponderResult[];
}

/** What SoftHSM2 is given as a network HSM's answer time. */
const NETWORK_MS = 3;
const SOFTHSM_SESSIONS = [1, 4] as const;
const NETWORK_SESSIONS = 16;
const SOFTWARE_BATCHES = [1, 4, 16, 64] as const;

/**
 * The signing rows of DESIGN 7, plain data: signing through PKCS#11 without HTTP against a bare C loop over the same token
 * with as many sessions, and what a signed answer costs the responder against `openssl speed`. Needs SoftHSM2, openssl
 * and a C compiler. Takes about rounds x seconds x 70.
 */
export async function signingBench(options: SigningOptions = {}): Promise<SigningReport> {
  const { seconds = 2, rounds = 7, keys = ["rsa2048", "p256"], onProgress = () => {} } = options;
  const plan = { seconds, rounds, onProgress };
  const [{ model = "unknown" } = {}] = cpus();
  return {
    machine: { processor: model.trim(), processors: cpus().length, node: process.version },
    token: await tokenResults(keys, plan),
    software: await softwareResults(keys, plan),
    responder: await responderResults(keys, plan),
  };
}

interface Plan {
  readonly seconds: number;
  readonly rounds: number;
  readonly onProgress: (what: string) => void;
}

async function tokenResults(keys: readonly BenchKey[], plan: Plan): Promise<TokenResult[]> {
  const hsm = createSoftHsm(["bench"]);
  const slow = new FaultyToken(hsm.dir, hsm.module);
  Object.assign(process.env, slow.env);
  slow.delay("C_Sign", NETWORK_MS);
  const results: TokenResult[] = [];
  for (const key of keys) {
    const settings = hsm.token("bench");
    for (const sessions of SOFTHSM_SESSIONS)
      results.push(await tokenResult("SoftHSM2", settings, key, sessions, plan));
    const name = `SoftHSM2 + ${NETWORK_MS} ms`;
    const module = slow.module;
    results.push(await tokenResult(name, { ...settings, module }, key, NETWORK_SESSIONS, plan));
  }
  slow.close();
  hsm.remove();
  return results;
}

async function tokenResult(
  token: string,
  settings: Parameters<typeof tokenContestants>[0],
  key: BenchKey,
  sessions: number,
  { seconds, rounds, onProgress }: Plan,
): Promise<TokenResult> {
  const [loop, native, twin] = tokenContestants(settings, key, sessions) as [
    Contestant,
    Contestant,
    Contestant,
  ];
  const series = new Map<string, TokenCost[]>();
  for (let round = 0; round < rounds; round++)
    for (const { name, run } of [loop, native, twin, { ...loop, name: "null" }]) {
      onProgress(`${token}, ${key}, ${sessions} sessions: ${name}, round ${round + 1} of ${rounds}`);
      series.set(name, [...(series.get(name) ?? []), await run(seconds * 1000)]);
    }
  const costs = (name: string): number[] =>
    (series.get(name) as TokenCost[]).map(({ cpuMicroseconds }) => cpuMicroseconds);
  const of = (name: string): number[] => (series.get(name) as TokenCost[]).map(({ rate }) => rate);
  return {
    token,
    key,
    sessions,
    bareLoop: median(of(loop.name)),
    native: median(of(native.name)),
    thisThread: median(of(twin.name)),
    nativeRatio: ratio(of(native.name), of(loop.name)),
    processorRatio: ratio(costs(loop.name), costs(native.name)),
    gain: ratio(of(native.name), of(twin.name)),
    nullRatio: ratio(of("null"), of(loop.name)),
  };
}

async function softwareResults(
  keys: readonly BenchKey[],
  { rounds, onProgress }: Plan,
): Promise<SoftwareResult[]> {
  const results: SoftwareResult[] = [];
  for (const key of keys)
    for (const batch of SOFTWARE_BATCHES) {
      onProgress(`software key, ${key}, batches of ${batch}`);
      const costs: SoftwareCost[] = [];
      for (let round = 0; round < rounds; round++) costs.push(await softwareCost(key, batch));
      const native = costs.map((cost) => cost.native);
      const twin = costs.map((cost) => cost.twin);
      results.push({ key, batch, native: median(native), twin: median(twin), gain: ratio(twin, native) });
    }
  return results;
}

async function responderResults(keys: readonly BenchKey[], plan: Plan): Promise<ResponderResult[]> {
  const results: ResponderResult[] = [];
  for (const key of keys)
    for (const addon of [true, false]) {
      const dir = mkdtempSync(join(tmpdir(), "sekisho-signing-"));
      results.push(await responderResult(dir, key, addon, plan));
      rmSync(dir, { recursive: true });
    }
  return results;
}

async function responderResult(
  dir: string,
  key: BenchKey,
  addon: boolean,
  { seconds, rounds, onProgress }: Plan,
): Promise<ResponderResult> {
  const responder = await startSigningResponder(dir, key, addon);
  const answers: AnswerCost[] = [];
  const signatures: number[] = [];
  const again: number[] = [];
  try {
    for (let round = 0; round < rounds; round++) {
      onProgress(`responder, ${key}, ${addon ? "with" : "without"} addon: round ${round + 1} of ${rounds}`);
      signatures.push(1e6 / (await opensslSpeed(key, Math.ceil(seconds))));
      answers.push(await responder.measure(seconds));
      again.push(1e6 / (await opensslSpeed(key, Math.ceil(seconds))));
    }
  } finally {
    await responder.stop();
  }
  const failed = answers.flatMap(({ failures }) => Object.keys(failures));
  if (failed.length > 0) throw new Error(`the responder answered wrongly: ${failed.join(", ")}`);
  const costs = answers.map(({ cpuMicroseconds }) => cpuMicroseconds);
  const around = signatures.map((before, i) => (before + (again[i] as number)) / 2);
  const costRatio = ratio(costs, around);
  return {
    key,
    addon,
    answer: median(costs),
    opensslSignature: median(around),
    rate: median(answers.map(({ rate }) => rate)),
    costRatio,
    ofProcessors: 1 / costRatio.median,
    nullRatio: ratio(again, signatures),
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[middle - 1 + (sorted.length % 2)], sorted[middle]];
  return ((low as number) + (high as number)) / 2;
}

function ratio(values: readonly number[], against: readonly number[]): Ratio {
  const ratios = values.map((value, i) => value / (against[i] as number));
  return { median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) };
}
