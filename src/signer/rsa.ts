import { constants, type KeyObject, privateEncrypt } from "node:crypto";
import type { Bindings, RsaKey } from "../../native-bindings/binding.js";
import { algorithmOf, digestInfo, packDigests } from "./algorithms.js";
import type { KeyType, Signer, ToBeSigned } from "./signer.js";

const SIGNATURE_OCTETS = 256;
/** What the addon signs at a time. One costs it as much as four, which is more than node:crypto takes for it. */
const AT_A_TIME = 4;

/** RSA with a key in memory: batches by the addon where it can (rsa2048 on some processors), else one by one through node:crypto. */
export function rsa(
  privateKey: KeyObject,
  keyType: KeyType,
  bindings: Bindings | undefined,
): Pick<Signer, "sign"> {
  const native =
    bindings === undefined || keyType !== "rsa2048" ? undefined : nativeKey(privateKey, bindings);
  const { digestSize } = algorithmOf(keyType);
  return {
    sign: async (batch) => {
      if (native === undefined) return batch.map((item) => signOne(privateKey, item));
      const together = batch.length % AT_A_TIME === 1 ? batch.length - 1 : batch.length;
      return [
        ...signBatch(native, batch.slice(0, together), digestSize),
        ...batch.slice(together).map((item) => signOne(privateKey, item)),
      ];
    },
  };
}

/** Undefined where the processor lacks the instructions, Node exports no OpenSSL, or the key is of an unusual form. */
function nativeKey(privateKey: KeyObject, bindings: Bindings): RsaKey | undefined {
  const der = privateKey.export({ type: "pkcs8", format: "der" });
  try {
    return new bindings.RsaKey(der);
  } catch {
    return undefined;
  } finally {
    der.fill(0);
  }
}

function signBatch(key: RsaKey, batch: readonly ToBeSigned[], digestSize: number): Uint8Array[] {
  if (batch.length === 0) return [];
  const signatures = new Uint8Array(batch.length * SIGNATURE_OCTETS);
  key.sign(packDigests(batch, digestSize), signatures);
  return batch.map((_, i) => signatures.subarray(i * SIGNATURE_OCTETS, (i + 1) * SIGNATURE_OCTETS));
}

function signOne(key: KeyObject, { digest }: ToBeSigned): Uint8Array {
  return privateEncrypt({ key, padding: constants.RSA_PKCS1_PADDING }, digestInfo(digest));
}
