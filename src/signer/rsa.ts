import { constants, type KeyObject, privateEncrypt } from "node:crypto";
import type { Bindings, RsaKey } from "../../native-bindings/binding.js";
import { algorithmOf, digestInfo, packDigests } from "./algorithms.js";
import { nativeKey } from "./native-key.js";
import type { KeyType, Signer, ToBeSigned } from "./signer.js";

/** What the addon signs at a time. One costs it as much as four, which is more than node:crypto takes for it. */
const AT_A_TIME = 4;

/** RSA with a key in memory: batches by the addon where it can (RSA-2048 on some processors), else one by one through node:crypto. */
export function rsa(
  privateKey: KeyObject,
  keyType: KeyType,
  bindings: Bindings | undefined,
): Pick<Signer, "sign"> {
  const native = nativeKey(privateKey, bindings?.RsaKey);
  return {
    sign: async (batch) => {
      if (native === undefined) return batch.map((item) => signOne(privateKey, item));
      const together = batch.length % AT_A_TIME === 1 ? batch.length - 1 : batch.length;
      return [
        ...signBatch(native, batch.slice(0, together), keyType),
        ...batch.slice(together).map((item) => signOne(privateKey, item)),
      ];
    },
  };
}

function signBatch(key: RsaKey, batch: readonly ToBeSigned[], keyType: KeyType): Uint8Array[] {
  if (batch.length === 0) return [];
  const { digestSize, rawSignatureSize: size } = algorithmOf(keyType);
  const signatures = new Uint8Array(batch.length * size);
  key.sign(packDigests(batch, digestSize), signatures);
  return batch.map((_, i) => signatures.subarray(i * size, (i + 1) * size));
}

function signOne(key: KeyObject, { digest }: ToBeSigned): Uint8Array {
  return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, digestInfo(digest));
}
