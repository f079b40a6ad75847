import { createPublicKey, verify } from "node:crypto";
import { oidText } from "../../src/asn1/oid.js";
import { DerReader } from "../../src/asn1/reader.js";
import { TAG } from "../../src/asn1/tags.js";
import { asBuffer } from "../../src/core/bytes.js";

interface KnownAlgorithm {
  /** Hash in node:crypto's words; null where the algorithm has its own. */
  readonly hash: string | null;
  readonly family: "rsa" | "ec" | "eddsa";
}

/** Signature algorithms that can be verified here, weak ones too: to call an answer weakly signed is another check's task. */
const ALGORITHMS: Readonly<Record<string, KnownAlgorithm>> = {
  "1.2.840.113549.1.1.4": { hash: "md5", family: "rsa" },
  "1.2.840.113549.1.1.5": { hash: "sha1", family: "rsa" },
  "1.2.840.113549.1.1.14": { hash: "sha224", family: "rsa" },
  "1.2.840.113549.1.1.11": { hash: "sha256", family: "rsa" },
  "1.2.840.113549.1.1.12": { hash: "sha384", family: "rsa" },
  "1.2.840.113549.1.1.13": { hash: "sha512", family: "rsa" },
  "1.2.840.10045.4.1": { hash: "sha1", family: "ec" },
  "1.2.840.10045.4.3.1": { hash: "sha224", family: "ec" },
  "1.2.840.10045.4.3.2": { hash: "sha256", family: "ec" },
  "1.2.840.10045.4.3.3": { hash: "sha384", family: "ec" },
  "1.2.840.10045.4.3.4": { hash: "sha512", family: "ec" },
  "1.3.101.112": { hash: null, family: "eddsa" },
  "1.3.101.113": { hash: null, family: "eddsa" },
};

/** What a DER AlgorithmIdentifier says. */
export interface Algorithm {
  readonly oid: string;
  /** Undefined for an algorithm that the kit does not know. */
  readonly known: KnownAlgorithm | undefined;
  /** DER of the parameters, undefined when absent. */
  readonly parameters: Uint8Array | undefined;
}

/** Throws DerError. */
export function readAlgorithm(algorithmIdentifier: Uint8Array): Algorithm {
  const reader = new DerReader(algorithmIdentifier);
  const end = reader.enter(TAG.SEQUENCE);
  reader.oid();
  const oid = oidText(reader.content());
  let parameters: Uint8Array | undefined;
  if (reader.more) {
    reader.any();
    parameters = reader.element();
  }
  reader.leave(end);
  reader.finish();
  return { oid, known: ALGORITHMS[oid], parameters };
}

/** True if the signature verifies with the key; false too for an algorithm or key that is not known here. */
export function signatureVerifies(
  message: Uint8Array,
  algorithmIdentifier: Uint8Array,
  signature: Uint8Array,
  subjectPublicKeyInfo: Uint8Array,
): boolean {
  const { known } = readAlgorithm(algorithmIdentifier);
  if (known === undefined) return false;
  try {
    const key = createPublicKey({ key: asBuffer(subjectPublicKeyInfo), format: "der", type: "spki" });
    return verify(known.hash, message, key, signature);
  } catch {
    return false;
  }
}
