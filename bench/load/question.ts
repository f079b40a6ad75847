import { encode, unsignedInteger } from "../../src/asn1/writer.js";

export type CertStatusName = "good" | "revoked" | "unknown";

/** A request that a load is made of. */
export interface Question {
  /** Whole HTTP request. */
  readonly request: Buffer;
  /** One of these must stand in the answer's body; absent: any answer is right. */
  readonly expect?: readonly Buffer[];
  /** Where 16 octets of nonce stand in the request; each request gets fresh ones, and its answer must have them. */
  readonly nonceAt?: number;
}

export const NONCE_OCTETS = 16;
const STATUS_TAG = { good: 0x80, revoked: 0xa1, unknown: 0x82 } as const;

/** What an answer about a certificate with one of these statuses has in it: serial number and tag of certStatus. */
export function expectStatus(serialNumber: Uint8Array, ...statuses: CertStatusName[]): Buffer[] {
  const serial = encode(unsignedInteger(serialNumber));
  return statuses.map((name) => Buffer.concat([serial, Buffer.of(STATUS_TAG[name])]));
}
