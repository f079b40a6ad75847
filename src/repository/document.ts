import { createHash } from "node:crypto";
import { type ByteRange, requestedRange } from "../http/byte-range.js";
import { isNotModified, isPreconditionFailed } from "../http/conditional.js";
import type { HeaderFields, HttpRequest } from "../http/handler.js";
import { httpDate } from "../http/http-date.js";
import type { LargeFile } from "./large-file.js";

/** The longest that anything may be kept by outer caches, in seconds. */
const MAX_AGE = 3_600;

/** A document as it is served. Times are unix seconds. */
export interface Document {
  readonly content: Uint8Array | LargeFile;
  readonly type: string;
  readonly etag: string;
  readonly lastModified: number;
  /** Outer caches keep it until then at most: another one is due, or it is no longer valid. Undefined: no such time. */
  readonly freshUntil: number | undefined;
}

/** A document with an entity tag of its bytes, kept as long as anything. */
export function smallDocument(content: Uint8Array, type: string, lastModified: number): Document {
  const etag = `"${createHash("sha256").update(content).digest("hex")}"`;
  return { content, type, etag, lastModified, freshUntil: undefined };
}

/** What a request gets of a document: status, header fields, and the octets of the content that follow. */
export interface Selection {
  readonly status: 200 | 206 | 304 | 412 | 416;
  readonly fields: HeaderFields;
  /** Undefined: none. */
  readonly octets: ByteRange | undefined;
}

/** Evaluates preconditions and range in the order of RFC 9110 13.2.2. `now` in unix seconds. */
export function select(document: Document, request: HttpRequest, now: number): Selection {
  const { content, etag, lastModified } = document;
  const { length } = content;
  const fields = fieldsOf(document, now);
  if (isPreconditionFailed(request, etag, lastModified)) return { status: 412, fields, octets: undefined };
  if (isNotModified(request, etag, lastModified, now)) return { status: 304, fields, octets: undefined };
  const range = requestedRange(request, length, etag, lastModified, now);
  if (range === undefined) return { status: 200, fields, octets: { start: 0, stop: length } };
  const part = range === "unsatisfiable" ? "*" : `${range.start}-${range.stop - 1}`;
  const contentRange = ["content-range", `bytes ${part}/${length}`] as const;
  if (range === "unsatisfiable") return { status: 416, fields: [contentRange], octets: undefined };
  return { status: 206, fields: [...fields, contentRange], octets: range };
}

/** Nothing is kept by outer caches past its time (standards F19); what is past it has to be asked for each time. */
function fieldsOf({ type, etag, lastModified, freshUntil }: Document, now: number): HeaderFields {
  const maxAge = Math.max(0, Math.min(MAX_AGE, (freshUntil ?? Number.POSITIVE_INFINITY) - now - 1));
  return [
    ["content-type", type],
    ["last-modified", httpDate(lastModified)],
    ["etag", etag],
    ["expires", httpDate(now + maxAge)],
    ["cache-control", `max-age=${maxAge}, public, no-transform, must-revalidate`],
    ["accept-ranges", "bytes"],
    ["x-content-type-options", "nosniff"],
  ];
}
