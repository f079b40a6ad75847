import { createHash, createVerify, type KeyObject } from "node:crypto";
import { closeSync, fdatasyncSync, fsyncSync, openSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { bytesEqual } from "../core/bytes.js";
import { fileChunks } from "../crl/file-chunks.js";
import { certificateListEnvelope } from "../crl/tbs-cert-list.js";
import type { Certificate } from "../x509/certificate.js";
import { publicKey } from "../x509/signature.js";
import { tbsChunks } from "./crl-lists.js";
import { refused } from "./crl-refusal.js";
import type { CrlTask, ListTask, PreparedList, StagedList } from "./crl-task.js";

/** What goes to the disk at once: the journal's own syncs, which revocations wait for, come in between. */
const SYNC_OCTETS = 4 * 2 ** 20;

/** Writes the CertificateList around a prepared list; on disk when it returns. */
export function writeSigned(
  task: CrlTask,
  list: ListTask,
  prepared: PreparedList,
  signature: Uint8Array,
): string {
  const file = join(task.directory, `${list.kind}.crl`);
  const { header, trailer } = envelope(task, prepared, signature);
  const out = openSync(file, "wx", 0o644);
  try {
    writeAll(out, header);
    let unsynced = 0;
    for (const chunk of tbsChunks(prepared)) {
      writeAll(out, chunk);
      unsynced += chunk.length;
      if (unsynced < SYNC_OCTETS) continue;
      fdatasyncSync(out);
      unsynced = 0;
    }
    writeAll(out, trailer);
    fsyncSync(out);
  } finally {
    closeSync(out);
  }
  return file;
}

/**
 * Reads a signed list back from its file. It carries the signature over the digest that the gate took, and that
 * signature is the CA's over the bytes that are on disk: so those are the bytes that the gate has read, whole and in the
 * right frame. Throws CRL_GATE.
 */
export function verifySigned(
  task: CrlTask,
  list: ListTask,
  certificate: Certificate,
  prepared: PreparedList,
  signature: Uint8Array,
  file: string,
): StagedList {
  const key = publicKey(certificate.subjectPublicKeyInfo);
  if (key === undefined) throw refused(task, list, "the CA's public key cannot be used");
  const { header, trailer } = envelope(task, prepared, signature);
  const reading = new FrameReader(header, tbsLength(prepared), trailer, task.digestName);
  // A file of another length is not read: it could have any.
  const isWhole = statSync(file).size === reading.expected;
  if (isWhole) for (const chunk of fileChunks(file)) reading.take(chunk);
  if (!isWhole || !reading.isFramed)
    throw refused(task, list, "the staged file is not the list that was signed");
  if (!reading.verifies(key, signature))
    throw refused(task, list, "the signature does not verify with the CA's key");
  return { file, octets: reading.octets, sha256: reading.sha256() };
}

const tbsLength = ({ head, tail, entriesOctets }: PreparedList): number =>
  head.length / 2 + entriesOctets + tail.length / 2;

function envelope({ signatureAlgorithm }: CrlTask, prepared: PreparedList, signature: Uint8Array) {
  return certificateListEnvelope(tbsLength(prepared), Buffer.from(signatureAlgorithm, "hex"), signature);
}

function writeAll(fd: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
}

/** Takes a file of the expected length apart into the frame and what is signed. */
class FrameReader {
  octets = 0;
  readonly expected: number;
  isFramed = true;
  private readonly fileHash = createHash("sha256");
  private readonly verifier;

  constructor(
    private readonly header: Uint8Array,
    private readonly tbsLength: number,
    private readonly trailer: Uint8Array,
    digestName: string,
  ) {
    this.verifier = createVerify(digestName);
    this.expected = header.length + tbsLength + trailer.length;
  }

  take(chunk: Uint8Array): void {
    const { header, tbsLength, trailer, octets } = this;
    this.fileHash.update(chunk);
    const tbsStart = clamp(header.length - octets, chunk.length);
    const tbsStop = clamp(header.length + tbsLength - octets, chunk.length);
    const trailed = octets + tbsStop - header.length - tbsLength;
    this.compare(chunk.subarray(0, tbsStart), header, octets);
    this.verifier.update(chunk.subarray(tbsStart, tbsStop));
    this.compare(chunk.subarray(tbsStop), trailer, trailed);
    this.octets += chunk.length;
  }

  verifies(key: KeyObject, signature: Uint8Array): boolean {
    return this.verifier.verify(key, signature);
  }

  sha256(): string {
    return this.fileHash.digest("hex");
  }

  private compare(piece: Uint8Array, whole: Uint8Array, at: number): void {
    if (piece.length > 0 && !bytesEqual(piece, whole.subarray(at, at + piece.length))) this.isFramed = false;
  }
}

const clamp = (value: number, most: number): number => Math.min(Math.max(value, 0), most);
