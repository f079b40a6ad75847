import { createHash } from "node:crypto";
import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { setPriority } from "node:os";
import { type Clock, nowSeconds, systemClock } from "../core/clock.js";
import { EntryEncoder, entryLength, MAX_ENTRY_LENGTH, type RevokedEntry } from "../crl/entry.js";
import { layoutTbsCertList } from "../crl/tbs-cert-list.js";
import type { StoreOptions } from "../store/environment.js";
import { type SerialRow, type Snapshot, StatusReader } from "../store/status-reader.js";

/**
 * The CRL builder, a child process: store read-only, no token, niced. It is given one task over IPC, writes the
 * tbsCertList to a file and answers with its digest. Two walks over one snapshot: the first measures, because DER
 * puts lengths first; the second writes and hashes. Nothing grows with the number of entries.
 */

export interface CrlTask {
  readonly store: StoreOptions;
  readonly issuer: number;
  /** DER Name, DER AlgorithmIdentifier and key identifier as hexadecimal digits: the task crosses as JSON. */
  readonly issuerName: string;
  readonly signatureAlgorithm: string;
  readonly authorityKeyIdentifier: string;
  readonly cRLNumber: number;
  /** nextUpdate - thisUpdate in seconds; nextUpdate never passes `notAfter` (invariant 2). */
  readonly validity: number;
  readonly notAfter: number;
  readonly digestName: "sha256" | "sha384";
  /** File to write, which must not exist. */
  readonly file: string;
}

export interface BuiltCrl {
  /** Unix seconds. thisUpdate is taken after the snapshot, so that no listed revocation lies after it (standards G13). */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly entries: number;
  /** Bytes of the tbsCertList. */
  readonly length: number;
  /** Digest of the tbsCertList, hexadecimal. */
  readonly digest: string;
  /** Journal position of the snapshot. */
  readonly covers: number;
}

const WRITE_OCTETS = 256 * 1024;
const NICENESS = 10;

/** Builds one tbsCertList in this process. */
export function buildCrl(task: CrlTask, status: StatusReader, clock: Clock): BuiltCrl {
  return status.snapshot((snapshot) => {
    const entriesLength = measure(task, snapshot);
    const thisUpdate = nowSeconds(clock);
    const nextUpdate = Math.min(thisUpdate + task.validity, task.notAfter);
    const layout = layoutTbsCertList(
      {
        issuerName: Buffer.from(task.issuerName, "hex"),
        signatureAlgorithm: Buffer.from(task.signatureAlgorithm, "hex"),
        authorityKeyIdentifier: Buffer.from(task.authorityKeyIdentifier, "hex"),
        cRLNumber: BigInt(task.cRLNumber),
        thisUpdate,
        nextUpdate,
      },
      entriesLength,
    );
    const output = new HashingFile(task.file, task.digestName);
    output.write(layout.head);
    const entries = writeEntries(task, snapshot, output);
    output.write(layout.tail);
    const { position } = snapshot.head();
    return {
      thisUpdate,
      nextUpdate,
      entries,
      length: layout.length,
      digest: output.finish(),
      covers: position,
    };
  });
}

function measure(task: CrlTask, snapshot: Snapshot): number {
  let length = 0;
  for (const revoked of snapshot.revoked(task.issuer)) length += entryLength(crlEntry(revoked));
  return length;
}

function writeEntries(task: CrlTask, snapshot: Snapshot, output: HashingFile): number {
  const encoder = new EntryEncoder();
  const buffer = Buffer.allocUnsafe(WRITE_OCTETS);
  let entries = 0;
  let at = 0;
  for (const revoked of snapshot.revoked(task.issuer)) {
    if (at > WRITE_OCTETS - MAX_ENTRY_LENGTH) {
      output.write(buffer.subarray(0, at));
      at = 0;
    }
    at = encoder.write(buffer, at, crlEntry(revoked));
    entries++;
  }
  output.write(buffer.subarray(0, at));
  return entries;
}

function crlEntry({ serial, row }: SerialRow): RevokedEntry {
  return {
    bytes: serial,
    serialStart: 0,
    serialStop: serial.length,
    revocationDate: row.revocationTime,
    reasonCode: row.reason,
    invalidityDate: row.invalidityDate,
  };
}

/** A file that is hashed as it is written. */
class HashingFile {
  private readonly fd: number;
  private readonly hash;

  constructor(file: string, digestName: string) {
    this.fd = openSync(file, "wx", 0o644);
    this.hash = createHash(digestName);
  }

  write(bytes: Uint8Array): void {
    this.hash.update(bytes);
    for (let at = 0; at < bytes.length; ) at += writeSync(this.fd, bytes, at);
  }

  /** The digest as hexadecimal digits, once the file is on disk. */
  finish(): string {
    fdatasyncSync(this.fd);
    closeSync(this.fd);
    return this.hash.digest("hex");
  }
}

/** One task, one answer, then the process ends. */
if (process.send !== undefined) {
  process.once("message", (task: CrlTask) => {
    setPriority(NICENESS);
    const status = StatusReader.open(task.store);
    const built = buildCrl(task, status, systemClock);
    process.send?.(built, () => process.disconnect());
  });
}
