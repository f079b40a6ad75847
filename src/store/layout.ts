/**
 * Bytes on disk, layout version 4. Big-endian throughout, so that LMDB's byte order is numeric order.
 *
 * status environment (written by the issuer, mapped read-only by responders):
 *   meta         text key          layout version, installation id, journal head, trust generation, synthetic rows
 *   rows         issuer | serial   status row of every issued serial (invariant 4)
 *   revoked      scope | serial    entries of the scope's CRL from that serial on: what the CRL builder copies
 *   changes      scope | serial    last change of status, until every CRL that may be a base has it: what the
 *                                  publication gate and delta CRLs go by
 *   awaiting     scope             changes that no CRL of the scope shows yet
 *   crls         scope | number    CRLs that were published and still matter (crl-tables.ts)
 *   journal      position          journal record (journal-record.ts)
 *   issuers      issuer            since when its key is compromised, id and certificate
 *   delegates    issuer | serial   OCSP delegate certificate
 *   checkpoints  position          signature over the journal head
 *
 * A scope is an issuer and a set of its certificates that has a CRL of its own (crl/scope.ts).
 *
 * ca environment (issuer only):
 *   meta, certificates, pending, crl-numbers, public-keys: see ca-store.ts
 */

export const LAYOUT_VERSION = 4;

/** Serial numbers of issued certificates are at most 20 octets (RFC 5280 4.1.2.2). */
export const MAX_SERIAL_OCTETS = 20;

export type CertState = "good" | "revoked" | "held";

const STATES: readonly CertState[] = ["good", "revoked", "held"];

/** Status of one issued certificate. Times are unix seconds; 0 stands for absent. */
export interface StatusRow {
  readonly state: CertState;
  /** CRLReason number (RFC 5280 5.3.1); 0 when good or unspecified. */
  readonly reason: number;
  /** Scope of CRLs that the certificate was pinned to when it was issued (crl/scope.ts). */
  readonly shard: number;
  readonly revocationTime: number;
  readonly invalidityDate: number;
  readonly notAfter: number;
  /** Journal position of the record that last changed the row. */
  readonly position: number;
  /** Made up for load tests: there is no certificate. */
  readonly synthetic: boolean;
}

export const ROW_OCTETS = 25;

/** Beside the state's number in the first octet. */
const SYNTHETIC = 0x80;

/** Throws RangeError on numbers that the fields cannot hold. `out`: ROW_OCTETS that are filled and returned. */
export function encodeRow(row: StatusRow, out: Buffer = Buffer.allocUnsafe(ROW_OCTETS)): Buffer {
  out[0] = (STATES.indexOf(row.state) + 1) | (row.synthetic ? SYNTHETIC : 0);
  out.writeUInt8(row.reason, 1);
  out.writeUInt16BE(row.shard, 2);
  out.writeUIntBE(row.revocationTime, 4, 5);
  out.writeUIntBE(row.invalidityDate, 9, 5);
  out.writeUIntBE(row.notAfter, 14, 5);
  out.writeUIntBE(row.position, 19, 6);
  return out;
}

/** Throws RangeError on bytes that `encodeRow` cannot have written. */
export function decodeRow(bytes: Buffer): StatusRow {
  const first = bytes[0] ?? 0;
  const state = STATES[(first & ~SYNTHETIC) - 1];
  if (bytes.length !== ROW_OCTETS || state === undefined) throw new RangeError("not a status row");
  return {
    state,
    reason: bytes[1] as number,
    shard: bytes.readUInt16BE(2),
    revocationTime: bytes.readUIntBE(4, 5),
    invalidityDate: bytes.readUIntBE(9, 5),
    notAfter: bytes.readUIntBE(14, 5),
    position: bytes.readUIntBE(19, 6),
    synthetic: (first & SYNTHETIC) !== 0,
  };
}

/** Key of a row: issuer number, serial length, serial magnitude. The length makes byte order the order of the numbers. */
export function rowKey(issuer: number, serial: Uint8Array): Buffer {
  const key = Buffer.allocUnsafe(3 + serial.length);
  key.writeUInt16BE(issuer, 0);
  key[2] = serial.length;
  key.set(serial, 3);
  return key;
}

/** Issuer number and serial of a row key. */
export function splitRowKey(key: Uint8Array): { issuer: number; serial: Uint8Array } {
  return { issuer: ((key[0] as number) << 8) | (key[1] as number), serial: key.subarray(3) };
}

/** Key of a certificate in a scope: issuer number, scope, serial length, serial magnitude. */
export function scopedKey(issuer: number, scope: number, serial: Uint8Array): Buffer {
  const key = Buffer.allocUnsafe(5 + serial.length);
  key.writeUInt16BE(issuer, 0);
  key.writeUInt16BE(scope, 2);
  key[4] = serial.length;
  key.set(serial, 5);
  return key;
}

/** Octets of a scoped key before the serial. */
export const SCOPED_SERIAL = 5;

export function scopeKey(issuer: number, scope: number): Buffer {
  const key = Buffer.allocUnsafe(4);
  key.writeUInt16BE(issuer, 0);
  key.writeUInt16BE(scope, 2);
  return key;
}

/** First key of a scope and first key after its last. */
export function scopeRange(issuer: number, scope: number): { start: Buffer; end: Buffer } {
  const end = Buffer.allocUnsafe(4);
  end.writeUInt32BE(issuer * 0x10000 + scope + 1);
  return { start: scopeKey(issuer, scope), end };
}

/** First key of an issuer and first key after its last. */
export function issuerRange(issuer: number): { start: Buffer; end: Buffer } {
  return { start: issuerKey(issuer), end: issuerKey(issuer + 1) };
}

export function issuerKey(issuer: number): Buffer {
  const key = Buffer.allocUnsafe(2);
  key.writeUInt16BE(issuer, 0);
  return key;
}

export function positionKey(position: number): Buffer {
  const key = Buffer.allocUnsafe(8);
  key.writeUInt16BE(0, 0);
  key.writeUIntBE(position, 2, 6);
  return key;
}
