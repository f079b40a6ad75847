import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { bytesEqual, hex } from "../core/bytes.js";
import { SekishoError } from "../core/errors.js";
import { fileChunks } from "../crl/file-chunks.js";
import { readCrl } from "../crl/read-crl.js";
import type { CrlCause, CrlRecord } from "../store/journal-record.js";
import type { Certificate } from "../x509/certificate.js";
import { publicKey } from "../x509/signature.js";
import { hashed } from "./hashed.js";

/** What a published CRL file says. Times are unix seconds. */
export interface PublishedCrl {
  readonly file: string;
  /** Number of the complete CRL that a delta CRL starts from. */
  readonly base?: bigint;
  /** Why it was made; unknown of a file that is not in the journal. */
  readonly cause?: CrlCause;
  readonly number: bigint;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly entries: number;
  readonly bytes: number;
  /** Of the file, hexadecimal. */
  readonly sha256: string;
}

/** The same by the journal's word for a file that is, octet for octet, the one that it recorded. */
export function publishedCrl(file: string, record: CrlRecord): PublishedCrl {
  const { number, base, cause, thisUpdate, nextUpdate, entries, octets, digest } = record;
  return {
    file,
    number: BigInt(number),
    ...(base === 0 ? {} : { base: BigInt(base) }),
    cause,
    thisUpdate,
    nextUpdate,
    entries,
    bytes: octets,
    sha256: hex(digest),
  };
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
  const { cRLNumber, deltaCRLIndicator: base } = crl.extensions;
  if (!bytesEqual(crl.header.issuerName, issuer.subjectName)) refuse("its issuer is another CA");
  if (crl.signatureValid !== true) refuse("its signature does not verify");
  if (cRLNumber === undefined || nextUpdate === undefined)
    return refuse("cRLNumber or nextUpdate is missing");
  const sha256 = hash.digest("hex");
  return {
    file,
    number: cRLNumber,
    ...(base === undefined ? {} : { base }),
    thisUpdate,
    nextUpdate,
    entries: crl.entries.count,
    bytes: crl.length,
    sha256,
  };
}
