import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { DerReader } from "../asn1/reader.js";
import { TAG } from "../asn1/tags.js";
import { type CrlHeader, readCrlHeader } from "./header.js";

/** Octets that hold everything before a CRL's entries. */
const HEADER_LIMIT = 64 * 1024;

export interface CrlGlance {
  readonly header: CrlHeader;
  /** Octets of the file. */
  readonly octets: number;
}

/** Reads what a CRL file says before its entries, without looking at the rest. Throws DerError, and what reading throws. */
export function peekCrl(file: string): CrlGlance {
  const fd = openSync(file, "r");
  try {
    const bytes = Buffer.alloc(HEADER_LIMIT);
    const reader = new DerReader(bytes.subarray(0, readSync(fd, bytes)));
    // CertificateList, tbsCertList
    reader.openEnded(TAG.SEQUENCE);
    reader.openEnded(TAG.SEQUENCE);
    return { header: readCrlHeader(reader), octets: fstatSync(fd).size };
  } finally {
    closeSync(fd);
  }
}
