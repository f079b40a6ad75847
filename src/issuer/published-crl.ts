import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { bytesEqual } from "../core/bytes.js";
import { SekishoError } from "../core/errors.js";
import { fileChunks } from "../crl/file-chunks.js";
import { readCrl } from "../crl/read-crl.js";
import type { Certificate } from "../x509/certificate.js";
import { publicKey } from "../x509/signature.js";

/** What a CRL file says of itself, read back from its bytes. Times are unix seconds. */
export interface PublishedCrl {
  readonly file: string;
  readonly number: bigint;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly entries: number;
  readonly bytes: number;
  /** Of the file, hexadecimal. */
  readonly sha256: string;
}

/**
 * Reads a CRL file in constant memory and verifies that it is the issuer's; undefined if there is none. Throws
 * CRL_INVALID if it is not strict DER, another issuer's, badly signed, or without number or nextUpdate.
 */
export function readPublishedCrl(file: string, issuer: Certificate): PublishedCrl | undefined {
  if (!existsSync(file)) return undefined;
  const refuse = (why: string): never => {
    throw new SekishoError("CRL_INVALID", `${file}: ${why}`);
  };
  const key = publicKey(issuer.subjectPublicKeyInfo);
  if (key === undefined) return refuse("the issuer's public key cannot be used");
  const hash = createHash("sha256");
  const crl = readCrl(hashed(fileChunks(file), hash), { publicKey: key });
  const { thisUpdate, nextUpdate } = crl.header;
  const { cRLNumber } = crl.extensions;
  if (!bytesEqual(crl.header.issuerName, issuer.subjectName)) refuse("its issuer is another CA");
  if (crl.signatureValid !== true) refuse("its signature does not verify");
  if (cRLNumber === undefined || nextUpdate === undefined)
    return refuse("cRLNumber or nextUpdate is missing");
  const sha256 = hash.digest("hex");
  return {
    file,
    number: cRLNumber,
    thisUpdate,
    nextUpdate,
    entries: crl.entries.count,
    bytes: crl.length,
    sha256,
  };
}

function* hashed(
  chunks: Iterable<Uint8Array>,
  hash: { update(bytes: Uint8Array): unknown },
): Generator<Uint8Array> {
  for (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}
