import { createSign, type KeyObject } from "node:crypto";
import type { Bindings, EcKey } from "../../native-bindings/binding.js";
import { algorithmOf, packDigests } from "./algorithms.js";
import { nativeKey } from "./native-key.js";
import type { Signer, ToBeSigned } from "./signer.js";

type Signing = Pick<Signer, "needsMessage" | "sign">;
type KeyDescription = Pick<Signer, "keyType" | "digestName">;

/** ECDSA with a key in memory: batches of digests by the addon, without it messages one by one through node:crypto. */
export function ecdsa(privateKey: KeyObject, key: KeyDescription, bindings: Bindings | undefined): Signing {
  const native = nativeKey(privateKey, bindings?.EcKey);
  if (native === undefined)
    return {
      needsMessage: true,
      sign: async (batch) => batch.map((item) => signOne(privateKey, key, item)),
    };
  const { digestSize } = algorithmOf(key.keyType);
  return { needsMessage: false, sign: async (batch) => signBatch(native, batch, digestSize) };
}

function signBatch(key: EcKey, batch: readonly ToBeSigned[], digestSize: number): Uint8Array[] {
  if (batch.length === 0) return [];
  const { signatureOctets } = key;
  const signatures = new Uint8Array(batch.length * signatureOctets);
  const lengths = new Uint8Array(batch.length);
  key.sign(packDigests(batch, digestSize), digestSize, signatures, lengths);
  return Array.from(lengths, (length, i) =>
    signatures.subarray(i * signatureOctets, i * signatureOctets + length),
  );
}

/** node:crypto does not sign a bare digest with ECDSA, so it hashes the message again. */
function signOne(privateKey: KeyObject, { digestName }: KeyDescription, item: ToBeSigned): Uint8Array {
  const sign = createSign(digestName);
  for (const chunk of item.chunks()) sign.update(chunk);
  return sign.sign({ key: privateKey, dsaEncoding: "der" });
}
