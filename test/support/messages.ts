import { createHash, type KeyObject, verify } from "node:crypto";
import type { DigestName, Signer, ToBeSigned } from "../../src/signer/signer.js";

/** A message as a signer takes it, in chunks of `chunkSize` octets. */
export function toBeSigned(message: Uint8Array, digestName: DigestName, chunkSize = 7): ToBeSigned {
  return {
    digest: createHash(digestName).update(message).digest(),
    *chunks() {
      for (let at = 0; at < message.length; at += chunkSize) yield message.subarray(at, at + chunkSize);
    },
  };
}

/** Numbered messages of different lengths. */
export function messages(count: number): Buffer[] {
  return Array.from({ length: count }, (_, i) => Buffer.from(`message ${i} ${"x".repeat(i)}`));
}

/** Signs the messages and says which of the signatures node:crypto verifies. */
export async function signAndVerify(signer: Signer, batch: readonly Buffer[]): Promise<boolean[]> {
  const signatures = await signer.sign(batch.map((message) => toBeSigned(message, signer.digestName)));
  return batch.map((message, i) =>
    verifies(signer.digestName, signer.publicKey, message, signatures[i] ?? Buffer.alloc(0)),
  );
}

export function verifies(
  digestName: DigestName,
  publicKey: KeyObject,
  message: Uint8Array,
  signature: Uint8Array,
): boolean {
  return verify(digestName, message, publicKey, signature);
}
