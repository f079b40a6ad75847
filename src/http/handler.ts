/** The one interface between a transport (uws, http1) and what answers requests. */

/** A request whose head and body have been read whole and framed strictly (RFC 9112). */
export interface HttpRequest {
  /** Method as sent; methods are case-sensitive (RFC 9110 9.1). */
  readonly method: string;
  /** Request target in origin form, as on the wire: nothing decoded, collapsed or resolved (standards F4). */
  readonly target: string;
  /**
   * Value of a header field by its lower-case name; several fields of one name joined with ", "; "" when absent. To be
   * asked only until the handler returns. For methods other than GET and HEAD only Content-Type and Content-Encoding are promised: copying costs.
   */
  header(name: string): string;
  /** The body, empty for none. Lives until the handler returns: copy what must outlive it. */
  readonly body: Uint8Array;
  /** The peer's address as text. */
  readonly peer: string;
}

/** Header fields in wire order. Transports add Date, Content-Length and Connection themselves. */
export interface HeaderFields extends ReadonlyArray<readonly [name: string, value: string]> {
  /** Of `prepared` fields: status line and fields as they stand in an answer of status 200. */
  readonly okHead?: string;
}

/** Fields that are sent many times: their text is made once. */
export function prepared(fields: HeaderFields): HeaderFields {
  const okHead = ["200 OK", ...fields.map(([name, value]) => `${name}: ${value}`)].join("\r\n");
  return Object.assign([...fields], { okHead });
}

/** Part of an open file. Nothing of it is held in memory. */
export interface FileRange {
  /** Octets, at least one. */
  readonly length: number;
  /** Reads from an offset in the range until the buffer is full; returns false if the file cannot give that. */
  read(buffer: Uint8Array, offset: number): boolean;
  /** Lets go of the file. To be called exactly once. */
  close(): void;
}

/**
 * What a transport hands to the handler to answer with. `send` or `sendFile` may be called later, once; after an abort
 * they send nothing.
 */
export interface HttpReply {
  /**
   * Sends the whole answer. For a HEAD request the transport sends the head with the body's length and leaves the
   * body out; for status 304 neither body nor Content-Length is sent.
   */
  send(status: number, fields: HeaderFields, body: Uint8Array): void;
  /**
   * Sends an answer whose body is part of a file: piece by piece, when the peer takes more. Where the file cannot be
   * read on, or the peer takes nothing for `idleTimeoutMs`, the connection is cut. Closes the range in any case.
   */
  sendFile(status: number, fields: HeaderFields, range: FileRange): void;
  /** True once the peer is gone: work for this request may be dropped. */
  readonly aborted: boolean;
}

export type HttpHandler = (request: HttpRequest, reply: HttpReply) => void;

/** Bounds that every transport keeps (standards F23, P18, P19). Bytes and milliseconds. */
export interface HttpLimits {
  readonly maxHeadBytes: number;
  readonly maxBodyBytes: number;
  readonly headTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly maxConnectionsPerPeer: number;
}

export const DEFAULT_HTTP_LIMITS: HttpLimits = {
  maxHeadBytes: 8 * 1024,
  maxBodyBytes: 64 * 1024,
  headTimeoutMs: 5_000,
  bodyTimeoutMs: 10_000,
  idleTimeoutMs: 60_000,
  maxConnectionsPerPeer: 1_024,
};
