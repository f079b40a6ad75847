import { randomFillSync } from "node:crypto";
import { encode, unsignedInteger } from "../../src/asn1/writer.js";
import type { Asked } from "./open-loop.js";

export type CertStatusName = "good" | "revoked" | "unknown";

/** What is asked and what may come back, as it travels to the generator's process. */
export interface Question {
  /** Whole HTTP request, base64. */
  readonly request: string;
  /** Absent: any answer will do, and none as well. */
  readonly expect?: Expectation;
  /** Where 16 octets of nonce stand in the request; each request gets fresh ones, and its answer must have them. */
  readonly nonceAt?: number;
}

export interface Expectation {
  /** Serial number asked for, hexadecimal. */
  readonly serial: string;
  /** Statuses that are right. */
  readonly statuses: readonly CertStatusName[];
}

export const NONCE_OCTETS = 16;
const STATUS_TAG = { good: 0x80, revoked: 0xa1, unknown: 0x82 } as const;

/** A question made ready: `ask` gives the bytes for one request and the judge of its answer. */
export function prepare({ request, expect, nonceAt }: Question): () => Asked {
  const bytes = Buffer.from(request, "base64");
  const judge = expect === undefined ? () => undefined : judgeOf(expect);
  if (nonceAt === undefined) return () => ({ bytes, judge });
  return () => {
    const own = Buffer.from(bytes);
    const nonce = randomFillSync(own.subarray(nonceAt, nonceAt + NONCE_OCTETS));
    return {
      bytes: own,
      judge: (answer) => judge(answer) ?? (answer.body.includes(nonce) ? undefined : "without the nonce"),
    };
  };
}

function judgeOf({ serial, statuses }: Expectation): Asked["judge"] {
  const serialNumber = Buffer.from(encode(unsignedInteger(Buffer.from(serial, "hex"))));
  const tags = new Set<number>(statuses.map((name) => STATUS_TAG[name]));
  return ({ status, body }) => {
    if (status !== 200) return `HTTP status ${status}`;
    if (body.length === 5) return `OCSP status ${body[4]}`;
    const at = body.indexOf(serialNumber);
    if (at < 0) return "an answer about another certificate";
    return tags.has(body[at + serialNumber.length] as number) ? undefined : "a wrong certificate status";
  };
}
