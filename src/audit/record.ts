import { createHash } from "node:crypto";
import { asBuffer } from "../core/bytes.js";
import { visibleJson } from "../core/text.js";

/** What happened. Standards M1 to M4 say what must be recorded. */
export type AuditKind =
  | "service.start"
  | "service.stop"
  | "control.request"
  | "control.outcome"
  | "control.refused"
  | "certificate.issued"
  | "status.changed"
  | "crl.published"
  | "crl.refused"
  | "key.generated"
  | "key.activated"
  | "key.deactivated"
  | "delegate.enrolled"
  | "delegate.issued"
  | "journal.checkpoint"
  | "clock.fault"
  | "clock.restored"
  | "store.fault"
  | "store.seeded"
  | "audit.cut";

/** A field of a record. Octets are written as base64, whole: their caller bounds them. */
export type AuditValue = string | number | boolean | Uint8Array;

/** Fields beside those that every record has. A private key or PIN never belongs here (M5). */
export type AuditFields = Readonly<Record<string, AuditValue>> & {
  readonly [Name in "seq" | "time" | "kind" | "previous"]?: never;
};

export interface RecordHead {
  readonly seq: number;
  /** ISO 8601 in UTC with milliseconds. */
  readonly time: string;
  readonly kind: AuditKind;
  /** SHA-256 of the line before, without its line end, in hexadecimal; zeros for the first. */
  readonly previous: string;
}

/** `previous` of the first record. */
export const CHAIN_START = "0".repeat(64);

/** Longest line: a control request of 1 MiB in base64 and its fields. */
export const MAX_LINE_BYTES = 2 * 1024 * 1024;

/** Longest text field; what is over it is cut and the cut is marked (P30). */
const MAX_TEXT = 4_096;

/** One line of the log, without its line end. */
export function encodeRecord({ seq, time, kind, previous }: RecordHead, fields: AuditFields): Buffer {
  const written = Object.entries(fields).map(([name, value]) => [name, writeValue(value)]);
  const record = { seq, time, kind, ...Object.fromEntries(written), previous };
  return Buffer.from(visibleJson(record), "utf8");
}

export function lineHash(line: Uint8Array): string {
  return createHash("sha256").update(line).digest("hex");
}

/** `seq` and `previous` of a line, or undefined if it is no record. */
export function readLink(line: Uint8Array): Pick<RecordHead, "seq" | "previous"> | undefined {
  const { seq, previous } = parseObject(line);
  const valid = Number.isSafeInteger(seq) && typeof previous === "string" && /^[0-9a-f]{64}$/.test(previous);
  return valid ? { seq: seq as number, previous } : undefined;
}

function parseObject(line: Uint8Array): { readonly seq?: unknown; readonly previous?: unknown } {
  try {
    const value: unknown = JSON.parse(asBuffer(line).toString("utf8"));
    return typeof value === "object" && value !== null ? value : {};
  } catch {
    return {};
  }
}

function writeValue(value: AuditValue | undefined): string | number | boolean | undefined {
  if (value instanceof Uint8Array) return asBuffer(value).toString("base64");
  if (typeof value !== "string" || value.length <= MAX_TEXT) return value;
  return `${value.slice(0, MAX_TEXT)}[cut ${value.length - MAX_TEXT} characters]`;
}
