import type { ErrorCode } from "../core/errors.js";
import { CERT_ID_HASHES, type CertIDHash } from "../ocsp/request.js";

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
const OUTCOMES = [
  "good",
  "revoked",
  "unknown",
  "malformedRequest",
  "unauthorized",
  "sigRequired",
  "tryLater",
  "internalError",
] as const;
export type Outcome = (typeof OUTCOMES)[number];

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

/** A BatchResult on its way from a worker: the clone of an object for each answer took twice as long, 1.4 us an answer. */
export interface PackedResult extends Omit<BatchResult, "answers"> {
  /** FIELDS numbers an answer. */
  readonly numbers: Float64Array;
  /** The rows of all answers, one after the other. */
  readonly rows: readonly string[];
}

/** outcome, hash (-1: none), cacheable, thisUpdate, nextUpdate, maxAge, number of rows. */
const FIELDS = 7;

export function packResult({ answers, ...result }: BatchResult): PackedResult {
  const numbers = new Float64Array(answers.length * FIELDS);
  const rows: string[] = [];
  let at = 0;
  for (const answer of answers) {
    numbers[at++] = OUTCOMES.indexOf(answer.outcome);
    numbers[at++] = answer.hash === undefined ? -1 : CERT_ID_HASHES.indexOf(answer.hash);
    numbers[at++] = answer.cacheable ? 1 : 0;
    numbers[at++] = answer.thisUpdate;
    numbers[at++] = answer.nextUpdate;
    numbers[at++] = answer.maxAge;
    numbers[at++] = answer.rows.length;
    for (const row of answer.rows) rows.push(row);
  }
  return { ...result, numbers, rows };
}

export function unpackResult({ numbers, rows, ...result }: PackedResult): BatchResult {
  const answers: Answer[] = [];
  const field = (at: number): number => numbers[at] as number;
  let row = 0;
  for (let at = 0; at < numbers.length; at += FIELDS) {
    const firstRow = row;
    row += field(at + 6);
    answers.push({
      outcome: OUTCOMES[field(at)] as Outcome,
      hash: CERT_ID_HASHES[field(at + 1)],
      cacheable: field(at + 2) === 1,
      thisUpdate: field(at + 3),
      nextUpdate: field(at + 4),
      maxAge: field(at + 5),
      rows: rows.slice(firstRow, row),
    });
  }
  return { ...result, answers };
}

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
