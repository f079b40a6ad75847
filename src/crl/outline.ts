import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { DerError, DerReader } from "../asn1/reader.js";
import { TAG } from "../asn1/tags.js";
import { SekishoError } from "../core/errors.js";
import { type CrlHeader, readCrlHeader } from "./header.js";
import { type CrlExtensions, readTbsTail } from "./parsed-extensions.js";
import { HEADER_LIMIT, readEnvelope, TAIL_LIMIT } from "./stream-parser.js";

/** A CRL without its entries. */
export interface CrlOutline {
  readonly header: CrlHeader;
  readonly extensions: CrlExtensions;
  /** The file's bytes before the entries and after them, the signature among them. */
  readonly head: Uint8Array;
  readonly tail: Uint8Array;
}

/** Reads bytes of a CRL at an offset into a buffer; returns how many there were. */
export type ReadAt = (buffer: Uint8Array, offset: number) => number;

/**
 * Reads what stands before and after the entries of a CertificateList of `size` bytes, which has to end where it says:
 * the same work for a list of any length. The entries are not looked at, and neither is the signature verified. Throws
 * SekishoError CRL_INVALID.
 */
export function readCrlOutline(readAt: ReadAt, size: number): CrlOutline {
  try {
    const start = new Uint8Array(Math.min(size, HEADER_LIMIT));
    const { header, headLength, tailStart, tbsEnd } = readStart(start.subarray(0, readAt(start, 0)), size);
    if (size - tailStart > TAIL_LIMIT) throw new DerError("length-too-large", tailStart);
    const tail = new Uint8Array(size - tailStart);
    if (readAt(tail, tailStart) < tail.length) throw new DerError("truncated", tailStart);
    const extensions = readTail(tail, tbsEnd - tailStart);
    return { header, extensions, head: start.slice(0, headLength), tail };
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw new SekishoError("CRL_INVALID", error.fault, { cause: error });
  }
}

/** The outline of a CRL file, and its size. Throws SekishoError CRL_INVALID, and what opening it throws. */
export function readFileOutline(file: string): { readonly outline: CrlOutline; readonly octets: number } {
  const fd = openSync(file, "r");
  try {
    const octets = fstatSync(fd).size;
    const readAt: ReadAt = (buffer, offset) => readSync(fd, buffer, 0, buffer.length, offset);
    return { outline: readCrlOutline(readAt, octets), octets };
  } finally {
    closeSync(fd);
  }
}

interface Start {
  readonly header: CrlHeader;
  /** Bytes before the entries. */
  readonly headLength: number;
  /** Offsets in the file: behind the entries, and behind the tbsCertList. */
  readonly tailStart: number;
  readonly tbsEnd: number;
}

function readStart(bytes: Uint8Array, size: number): Start {
  const reader = new DerReader(bytes);
  const listEnd = reader.openEnded(TAG.SEQUENCE) + reader.position;
  if (listEnd !== size) throw new DerError(listEnd > size ? "truncated" : "trailing-bytes", 0);
  const tbsEnd = reader.openEnded(TAG.SEQUENCE) + reader.position;
  const header = readCrlHeader(reader);
  const hasEntries = reader.peek() === TAG.SEQUENCE;
  const tailStart = hasEntries ? reader.openEnded(TAG.SEQUENCE) + reader.position : reader.position;
  if (tailStart > tbsEnd || tbsEnd > size) throw new DerError("truncated", reader.position);
  return { header, headLength: reader.position, tailStart, tbsEnd };
}

/** `tbsLength`: how much of the tail belongs to the tbsCertList. */
function readTail(tail: Uint8Array, tbsLength: number): CrlExtensions {
  const reader = new DerReader(tail).reset(tail, 0, tbsLength);
  const extensions = readTbsTail(reader);
  reader.reset(tail, tbsLength);
  readEnvelope(reader);
  reader.finish();
  return extensions;
}
