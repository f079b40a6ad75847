import type { ErrorCode } from "../core/errors.js";
import type { CertIDHash } from "../ocsp/request.js";

/** What crosses between the front end and a worker: one message a batch, each way. */

/** Requests of one batch, laid end to end. */
export interface BatchTask {
  readonly requests: Uint8Array;
  /** End offset of each request in `requests`. */
  readonly ends: Uint32Array;
  /** No requests: sign something, to see whether each token answers. */
  readonly probe?: boolean;
}

/** How one request was answered; the label of metrics. */
export type Outcome =
  | "good"
  | "revoked"
  | "unknown"
  | "malformedRequest"
  | "unauthorized"
  | "sigRequired"
  | "tryLater"
  | "internalError";

export interface Answer {
  readonly outcome: Outcome;
  /** Whether the front end may keep the answer for the same request bytes. */
  readonly cacheable: boolean;
  /** Unix seconds; 0 for an unsigned answer. */
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  /** Seconds that outer caches may keep it. */
  readonly maxAge: number;
  /** Row keys (latin1) that the answer speaks about. */
  readonly rows: readonly string[];
  /** Hash algorithm of the (first) CertID, where it is known. */
  readonly hash: CertIDHash | undefined;
}

/** What is said about an unsigned answer. */
export function unsignedAnswer(outcome: Outcome): Answer {
  return { outcome, cacheable: false, thisUpdate: 0, nextUpdate: 0, maxAge: 0, rows: [], hash: undefined };
}

export interface BatchResult {
  /** Journal position of the snapshot that the answers show. */
  readonly position: number;
  /** DER answers, laid end to end. */
  readonly responses: Uint8Array;
  readonly ends: Uint32Array;
  readonly answers: readonly Answer[];
  /** Signatures made and the milliseconds they took: what the batcher sizes the next batch by. */
  readonly signatures: number;
  readonly signingMs: number;
  /** What the token said when it did not sign; undefined when it did, or had nothing to sign. */
  readonly signingFault: string | undefined;
  /** For a task without requests: why a key cannot be used. */
  readonly fault?: { readonly code: ErrorCode; readonly message: string };
  /** For a task without requests: until when each issuer's delegate can sign, unix seconds; 0 without one. */
  readonly delegates?: ReadonlyMap<string, number>;
}

export const NOTHING_ANSWERED: BatchResult = {
  position: 0,
  responses: new Uint8Array(0),
  ends: new Uint32Array(0),
  answers: [],
  signatures: 0,
  signingMs: 0,
  signingFault: undefined,
};

/** Lays byte strings end to end. */
export function pack(parts: readonly Uint8Array[]): {
  bytes: Uint8Array<ArrayBuffer>;
  ends: Uint32Array<ArrayBuffer>;
} {
  const ends = new Uint32Array(parts.length);
  let length = 0;
  parts.forEach((part, i) => {
    length += part.length;
    ends[i] = length;
  });
  const bytes = new Uint8Array(length);
  parts.forEach((part, i) => {
    bytes.set(part, i === 0 ? 0 : (ends[i - 1] as number));
  });
  return { bytes, ends };
}

/** The `i`-th of packed byte strings, borrowed. */
export function packed(bytes: Uint8Array, ends: Uint32Array, i: number): Uint8Array {
  return bytes.subarray(i === 0 ? 0 : ends[i - 1], ends[i]);
}
