import { createHash, generateKeyPairSync, randomBytes } from "node:crypto";
import { type Bindings, loadBindings } from "../../native-bindings/binding.js";
import { ecdsa } from "../../src/signer/ecdsa.js";
import type { Signer, ToBeSigned } from "../../src/signer/signer.js";

/** The octets of a ResponseData with a nonce. */
const MESSAGE_OCTETS = 250;
const SIGNATURES = 2_048;

/** ECDSA P-256 with a key in memory: processor time, microseconds a signature. */
export interface SoftwareCost {
  readonly native: number;
  /** By node:crypto. */
  readonly twin: number;
}

/** One measurement of EcKey and its twin, in batches of that size. Throws if the addon does not load. */
export async function softwareCost(batchSize: number): Promise<SoftwareCost> {
  const { bindings } = loadBindings();
  if (bindings === undefined) throw new Error("the C++ addon does not load");
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const message = randomBytes(MESSAGE_OCTETS);
  const item = { digest: createHash("sha256").update(message).digest(), chunks: () => [message] };
  const batch = Array.from({ length: batchSize }, () => item);
  const signer = (twin: Bindings | undefined): Pick<Signer, "sign"> =>
    ecdsa(privateKey, { keyType: "p256", digestName: "sha256" }, twin);
  return { native: await cost(signer(bindings), batch), twin: await cost(signer(undefined), batch) };
}

async function cost({ sign }: Pick<Signer, "sign">, batch: readonly ToBeSigned[]): Promise<number> {
  await sign(batch);
  const before = process.cpuUsage();
  for (let made = 0; made < SIGNATURES; made += batch.length) await sign(batch);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / SIGNATURES;
}
