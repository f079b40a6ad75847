import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { type Bindings, loadBindings } from "../../native-bindings/binding.js";
import { ecdsa } from "../../src/signer/ecdsa.js";
import { rsa } from "../../src/signer/rsa.js";
import type { Signer, ToBeSigned } from "../../src/signer/signer.js";
import type { BenchKey } from "./token-cost.js";

/** The octets of a ResponseData with a nonce. */
const MESSAGE_OCTETS = 250;
const SIGNATURES = 2_048;

/** A key in memory: processor time, microseconds a signature. */
export interface SoftwareCost {
  readonly native: number;
  /** By node:crypto. */
  readonly twin: number;
}

/** One measurement of EcKey or RsaKey and its twin, in batches of that size. Throws if the addon does not load. */
export async function softwareCost(keyType: BenchKey, batchSize: number): Promise<SoftwareCost> {
  const { bindings } = loadBindings();
  if (bindings === undefined) throw new Error("the C++ addon does not load");
  const message = randomBytes(MESSAGE_OCTETS);
  const item = { digest: createHash("sha256").update(message).digest(), chunks: () => [message] };
  const batch = Array.from({ length: batchSize }, () => item);
  const signer = KEYS[keyType]();
  return { native: await cost(signer(bindings), batch), twin: await cost(signer(undefined), batch) };
}

type Signing = Pick<Signer, "sign">;

/** A new key of the type, as a signer with the addon or without. */
const KEYS: Readonly<Record<BenchKey, () => (bindings: Bindings | undefined) => Signing>> = {
  rsa2048: () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    return (bindings) => rsa(privateKey, "rsa2048", bindings);
  },
  p256: () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    return (bindings) => ecdsa(privateKey, { keyType: "p256", digestName: "sha256" }, bindings);
  },
};

async function cost({ sign }: Signing, batch: readonly ToBeSigned[]): Promise<number> {
  await sign(batch);
  const before = process.cpuUsage();
  for (let made = 0; made < SIGNATURES; made += batch.length) await sign(batch);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / SIGNATURES;
}
