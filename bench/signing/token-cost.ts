import { createHash, randomBytes } from "node:crypto";
import { asBuffer } from "../../src/core/bytes.js";
import { DIGEST_INFO_SHA256, keyIdentifierOf } from "../../src/signer/algorithms.js";
import { openToken } from "../../src/signer/pkcs11.js";
import { loadModule } from "../../src/signer/pkcs11-module.js";
import type { TokenSettings } from "../../src/signer/pkcs11-session.js";
import type { Signer } from "../../src/signer/signer.js";
import { type SignLoop, signLoop } from "./token-loop.js";

export type BenchKey = "rsa2048" | "p256";

export interface TokenCost {
  /** Signatures a second. */
  readonly rate: number;
  /** Processor time of this process, microseconds a signature: what other processes do disturbs it less than the rate. */
  readonly cpuMicroseconds: number;
}

/** One way to sign with a token. */
export interface Contestant {
  readonly name: string;
  /** Measured for so long. */
  run(milliseconds: number): Promise<TokenCost>;
}

/** As many as the batcher puts in one batch. */
const BATCH = 64;
/** CKM_ numbers. */
const MECHANISM = { rsa2048: 0x1, p256: 0x1041 } as const;
const SIGNATURE_OCTETS = { rsa2048: 256, p256: 64 } as const;

/**
 * Our signer with native threads, its twin in this thread, and the bare C loop, for a fresh key of the token. The loop
 * and our signer have the same number of sessions.
 */
export function tokenContestants(settings: TokenSettings, keyType: BenchKey, sessions: number): Contestant[] {
  const digest = createHash("sha256").update(randomBytes(64)).digest();
  const single = openToken(settings);
  const twin = single.generate(`bench ${keyType} ${sessions}`, keyType);
  const keyIdentifier = keyIdentifierOf(twin.subjectPublicKeyInfo);
  const native = openToken({ ...settings, sessions }).findSigner(keyIdentifier);
  if (native === undefined) throw new Error("the token lost the key it generated");
  const loop = signLoop();
  const control = async (milliseconds: number): Promise<number> =>
    loopOnce(loop, settings, keyType, keyIdentifier, digest, sessions, milliseconds);
  const contestant = (name: string, sign: (milliseconds: number) => Promise<number>): Contestant => ({
    name,
    run: (milliseconds) => timed(() => sign(milliseconds)),
  });
  return [
    contestant("bare C loop", control),
    contestant("native threads", (milliseconds) => signFor(native, digest, milliseconds)),
    contestant("this thread", (milliseconds) => signFor(twin, digest, milliseconds)),
  ];
}

async function timed(sign: () => Promise<number>): Promise<TokenCost> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  const signatures = await sign();
  const { user, system } = process.cpuUsage(cpu);
  return {
    rate: (signatures * 1000) / (performance.now() - start),
    cpuMicroseconds: (user + system) / signatures,
  };
}

function loopOnce(
  loop: SignLoop,
  settings: TokenSettings,
  keyType: BenchKey,
  keyIdentifier: Uint8Array,
  digest: Buffer,
  sessions: number,
  milliseconds: number,
): number {
  const slot = loadModule(settings).slotOf(settings.label);
  const input = keyType === "rsa2048" ? Buffer.concat([DIGEST_INFO_SHA256, digest]) : digest;
  const key = [slot, asBuffer(keyIdentifier), MECHANISM[keyType], input, SIGNATURE_OCTETS[keyType]] as const;
  return loop(settings.module, ...key, sessions, milliseconds);
}

/** Two batches under way at once, as workers have them. Returns the signatures made. */
async function signFor(signer: Signer, digest: Buffer, milliseconds: number): Promise<number> {
  const batch = Array.from({ length: BATCH }, () => ({ digest, chunks: () => [] }));
  const end = performance.now() + milliseconds;
  let signatures = 0;
  const lane = async (): Promise<void> => {
    while (performance.now() < end) {
      await signer.sign(batch);
      signatures += BATCH;
    }
  };
  await Promise.all([lane(), lane()]);
  return signatures;
}
