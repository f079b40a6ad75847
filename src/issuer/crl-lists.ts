import { closeSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { hex } from "../core/bytes.js";
import { EntryEncoder, MAX_ENTRY_LENGTH } from "../crl/entry.js";
import {
  deltaCRLIndicator,
  expiredCertsOnCRL,
  freshestCRL,
  issuingDistributionPoint,
} from "../crl/extensions.js";
import { fileChunks } from "../crl/file-chunks.js";
import { CRL_REASON } from "../crl/reason.js";
import { layoutTbsCertList } from "../crl/tbs-cert-list.js";
import { ListedCursor } from "../store/listed-blocks.js";
import type { Snapshot } from "../store/status-reader.js";
import type { Certificate } from "../x509/certificate.js";
import { keyIdentifier } from "../x509/issuer-identity.js";
import type { CompleteTask, CrlTask, DeltaTask, ListTask, PreparedList } from "./crl-task.js";

/** A list as the builder made it, not looked at yet. */
export type BuiltList = Omit<PreparedList, "digest">;

/**
 * Builds one list from a snapshot: one walk that copies encoded entries, in constant memory. The same state and time
 * give the same bytes. A fault in here is what the gate is for.
 */
export function buildList(
  task: CrlTask,
  list: ListTask,
  certificate: Certificate,
  snapshot: Snapshot,
  thisUpdate: number,
): BuiltList {
  const file = join(task.directory, `${list.kind}.entries`);
  const output = new EntryFile(file);
  if (list.kind === "complete") copyListed(task, list, snapshot, output);
  else encodeChanges(task, list, snapshot, output);
  output.finish();
  const wanted = Math.max(thisUpdate + list.validity, list.notEndingBefore);
  const nextUpdate = Math.min(wanted, certificate.notAfter);
  const { head, tail } = layoutTbsCertList(
    {
      issuerName: certificate.subjectName,
      signatureAlgorithm: Buffer.from(task.signatureAlgorithm, "hex"),
      authorityKeyIdentifier: authorityKeyIdentifierOf(certificate),
      cRLNumber: BigInt(task.cRLNumber),
      thisUpdate,
      nextUpdate,
      extensions: list.kind === "complete" ? completeExtensions(list) : deltaExtensions(list),
    },
    output.octets,
  );
  const { position } = snapshot.head();
  return {
    thisUpdate,
    nextUpdate,
    entries: output.entries,
    entriesOctets: output.octets,
    covers: position,
    head: hex(head),
    file,
    tail: hex(tail),
  };
}

/** The tbsCertList of a list, piece by piece; a piece is valid until the next one is asked for. */
export function* tbsChunks({ head, file, tail }: BuiltList): Generator<Uint8Array, void, undefined> {
  yield Buffer.from(head, "hex");
  yield* fileChunks(file);
  yield Buffer.from(tail, "hex");
}

export function authorityKeyIdentifierOf(certificate: Certificate): Uint8Array {
  return certificate.subjectKeyIdentifier ?? keyIdentifier(certificate.subjectPublicKeyBits);
}

function completeExtensions({ freshest, distribution, expiredSince }: CompleteTask) {
  return [
    ...(distribution === undefined ? [] : [issuingDistributionPoint(distribution)]),
    ...(freshest === undefined ? [] : [freshestCRL(freshest)]),
    ...(expiredSince === undefined ? [] : [expiredCertsOnCRL(expiredSince)]),
  ];
}

function deltaExtensions({ base }: DeltaTask) {
  return [deltaCRLIndicator(BigInt(base.number))];
}

function copyListed(
  { issuer, scope }: CrlTask,
  { spent }: CompleteTask,
  snapshot: Snapshot,
  out: EntryFile,
): void {
  const listed = new ListedCursor();
  for (const block of snapshot.listed(issuer, scope)) {
    listed.reset(block);
    while (listed.next()) {
      const isSpent =
        spent !== undefined && listed.notAfter < spent.thisUpdate && listed.position <= spent.covers;
      if (!isSpent) out.copy(block, listed.start, listed.stop);
    }
  }
}

/** Also those that expired meanwhile: they stay until they were on a complete CRL (standards H6). */
function encodeChanges(
  { issuer, scope }: CrlTask,
  { base }: DeltaTask,
  snapshot: Snapshot,
  out: EntryFile,
): void {
  const encoder = new EntryEncoder();
  const entry = Buffer.alloc(MAX_ENTRY_LENGTH);
  for (const { serial, row } of snapshot.changes(issuer, scope, base.covers)) {
    const end = encoder.write(entry, 0, {
      bytes: serial,
      serialStart: 0,
      serialStop: serial.length,
      revocationDate: row.revocationTime,
      reasonCode: row.state === "good" ? CRL_REASON.removeFromCRL : row.reason,
      invalidityDate: row.invalidityDate,
    });
    out.copy(entry, 0, end);
  }
}

const WRITE_OCTETS = 256 * 1024;

/** Encoded entries, one after the other. */
class EntryFile {
  entries = 0;
  octets = 0;
  private readonly fd: number;
  private readonly buffer = Buffer.allocUnsafe(WRITE_OCTETS);
  private filled = 0;

  constructor(path: string) {
    this.fd = openSync(path, "wx", 0o644);
  }

  /** Takes the entry at `start`..`stop`. A loop: for fifty octets it is quicker than a call out of JavaScript. */
  copy(bytes: Uint8Array, start: number, stop: number): void {
    if (this.filled + stop - start > WRITE_OCTETS) this.flush();
    const { buffer } = this;
    let at = this.filled;
    for (let from = start; from < stop; from++) buffer[at++] = bytes[from] as number;
    this.octets += at - this.filled;
    this.filled = at;
    this.entries++;
  }

  finish(): void {
    this.flush();
    closeSync(this.fd);
  }

  private flush(): void {
    for (let at = 0; at < this.filled; ) at += writeSync(this.fd, this.buffer, at, this.filled - at);
    this.filled = 0;
  }
}
