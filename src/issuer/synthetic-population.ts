import { type Cipher, createCipheriv, createHash } from "node:crypto";
import { CRL_REASON } from "../crl/reason.js";
import { RowPacker } from "../store/imported-rows.js";
import type { Certificate } from "../x509/certificate.js";

/**
 * Certificates that nobody has, for load tests. The serial of number n is
 *
 *   5e | n, 6 octets | AES-128 of n under a fixed key, its first 10 octets
 *
 * 17 octets where this program gives out 16: they come after all real serials of the issuer and after each other in the
 * store, and an INTEGER of one has as many octets as a real one's, whose first bit is set. Every installation has the same.
 */
export interface Population {
  /** How many there are, and how many of those are revoked, spread evenly. */
  readonly certificates: number;
  readonly revoked: number;
}

const MARK = 0x5e;
const RANDOM_OCTETS = 10;
const SERIAL_OCTETS = 7 + RANDOM_OCTETS;
const BLOCK_OCTETS = 16;
const KEY = createHash("sha256").update("sekisho synthetic population v1").digest().subarray(0, BLOCK_OCTETS);

/** Reasons by turns; every rule profile allows them. */
const REASONS = [
  CRL_REASON.superseded,
  CRL_REASON.cessationOfOperation,
  CRL_REASON.keyCompromise,
  CRL_REASON.unspecified,
];

/** True if number `n` is revoked. */
export function isRevoked({ certificates, revoked }: Population, n: number): boolean {
  return revokedBefore(certificates, revoked, n + 1) > revokedBefore(certificates, revoked, n);
}

/** The serial (magnitude) of number `n`. */
export function syntheticSerial(n: number): Uint8Array {
  const serial = Buffer.alloc(SERIAL_OCTETS);
  writeSerial(serial, n, blocks(n, 1), 0);
  return serial;
}

/** Rows of the numbers `from` to below `to`: valid as long as their issuer, revoked since its first day. */
export function populationRows(
  population: Population,
  from: number,
  to: number,
  { notBefore, notAfter }: Pick<Certificate, "notBefore" | "notAfter">,
): RowPacker {
  const good = { state: "good", notAfter, reason: 0, revocationTime: 0, invalidityDate: 0 } as const;
  const revoked = REASONS.map(
    (reason) => ({ ...good, state: "revoked", reason, revocationTime: notBefore }) as const,
  );
  const random = blocks(from, to - from);
  const serial = Buffer.alloc(SERIAL_OCTETS);
  const rows = new RowPacker();
  for (let n = from; n < to; n++) {
    writeSerial(serial, n, random, (n - from) * BLOCK_OCTETS);
    rows.add(serial, isRevoked(population, n) ? (revoked[n % REASONS.length] as (typeof revoked)[0]) : good);
  }
  return rows;
}

/** Revoked ones among the numbers below `n`. */
function revokedBefore(certificates: number, revoked: number, n: number): number {
  return Math.floor((n * revoked) / certificates);
}

function writeSerial(serial: Buffer, n: number, random: Buffer, at: number): void {
  serial[0] = MARK;
  serial.writeUIntBE(n, 1, 6);
  for (let i = 0; i < RANDOM_OCTETS; i++) serial[7 + i] = random[at + i] as number;
}

/** AES in counter mode: one call for all the blocks from number `from` on. */
function blocks(from: number, count: number): Buffer {
  const counter = Buffer.alloc(BLOCK_OCTETS);
  counter.writeUIntBE(from, BLOCK_OCTETS - 6, 6);
  const cipher: Cipher = createCipheriv("aes-128-ctr", KEY, counter);
  return cipher.update(Buffer.alloc(count * BLOCK_OCTETS));
}
