import { ByteQueue } from "./byte-queue.js";
import type { HttpLimits } from "./handler.js";
import { HttpFault } from "./http-fault.js";
import { ChunkedDecoder } from "./http1-chunked.js";
import { RequestHead } from "./http1-head.js";

/** What the bytes so far amount to. After a fault nothing more can be read from the connection. */
export type ParserEvent =
  | {
      readonly kind: "request";
      readonly head: RequestHead;
      /** Lives until the next `push`. */
      readonly body: Buffer;
    }
  | { readonly kind: "continue" }
  | { readonly kind: "fault"; readonly fault: HttpFault };

/** Between requests, inside a head, or inside a body: decides which deadline applies. */
export type ParserPhase = "idle" | "head" | "body";

const CR = 0x0d;
const EMPTY = Buffer.alloc(0);

/**
 * Strict incremental parser of HTTP/1.0 and 1.1 requests (RFC 9112): `push` bytes as they arrive, then call `next` until
 * it returns undefined. It looks at every byte a bounded number of times, however the bytes are cut into segments.
 */
export class RequestParser {
  readonly #limits: Pick<HttpLimits, "maxHeadBytes" | "maxBodyBytes">;
  readonly #input = new ByteQueue();
  #head: RequestHead | undefined;
  #emptyLineIgnored = false;
  #lineStart = 0;
  #scanned = 0;
  #body: { readonly head: RequestHead; readonly source: ChunkedDecoder | number } | undefined;
  #continueDue = false;
  #fault: HttpFault | undefined;

  constructor(limits: Pick<HttpLimits, "maxHeadBytes" | "maxBodyBytes">) {
    this.#limits = limits;
  }

  push(segment: Buffer): void {
    if (this.#fault === undefined) this.#input.append(segment);
  }

  /** Bytes that have arrived and are not used up. */
  get buffered(): number {
    return this.#input.length;
  }

  get phase(): ParserPhase {
    if (this.#body !== undefined) return "body";
    return this.#input.length > 0 ? "head" : "idle";
  }

  next(): ParserEvent | undefined {
    try {
      if (this.#fault !== undefined) throw this.#fault;
      return this.#read();
    } catch (error) {
      if (!(error instanceof HttpFault)) throw error;
      this.#fault = error;
      this.#input.drop(this.#input.length);
      return { kind: "fault", fault: error };
    }
  }

  #read(): ParserEvent | undefined {
    if (this.#body === undefined) {
      const head = this.#readHead();
      if (head === undefined) return undefined;
      this.#beginBody(head);
    }
    const body = this.#readBody();
    if (body !== undefined) return body;
    if (!this.#continueDue) return undefined;
    this.#continueDue = false;
    // A client that sends its body unasked gets no 100 (RFC 9110 10.1.1).
    return this.#input.length === 0 ? { kind: "continue" } : undefined;
  }

  #readHead(): RequestHead | undefined {
    for (;;) {
      const line = this.#readLine();
      if (line === undefined) return undefined;
      if (this.#head === undefined) this.#beginHead(line);
      else if (line === "") return this.#endHead(this.#head);
      else this.#head.addField(line);
    }
  }

  /** One empty line before the request line is ignored: old clients end a body with it (RFC 9112 2.2). */
  #beginHead(line: string): void {
    if (line === "" && !this.#emptyLineIgnored) {
      this.#emptyLineIgnored = true;
      this.#dropLines();
    } else {
      this.#head = new RequestHead(line);
    }
  }

  #endHead(head: RequestHead): RequestHead {
    this.#dropLines();
    this.#head = undefined;
    this.#emptyLineIgnored = false;
    return head;
  }

  #dropLines(): void {
    this.#input.drop(this.#lineStart);
    this.#lineStart = 0;
    this.#scanned = 0;
  }

  /** Next line of the head without its CRLF; undefined when it is not whole. */
  #readLine(): string | undefined {
    const lineFeed = this.#input.indexOfLineFeed(this.#scanned);
    this.#checkHeadSize(lineFeed === -1 ? this.#input.length : lineFeed + 1);
    if (lineFeed === -1) {
      this.#scanned = this.#input.length;
      return undefined;
    }
    if (lineFeed === this.#lineStart || this.#input.at(lineFeed - 1) !== CR)
      throw new HttpFault(400, "bare line feed");
    const line = this.#input.latin1(this.#lineStart, lineFeed - 1);
    this.#lineStart = lineFeed + 1;
    this.#scanned = this.#lineStart;
    return line;
  }

  #checkHeadSize(bytes: number): void {
    if (bytes <= this.#limits.maxHeadBytes) return;
    if (this.#head === undefined) throw new HttpFault(414, "request line too long");
    throw new HttpFault(431, "request head too long");
  }

  #beginBody(head: RequestHead): void {
    const { maxBodyBytes, maxHeadBytes } = this.#limits;
    head.checkHost();
    const framing = head.framing(maxBodyBytes);
    this.#continueDue = head.expectsContinue();
    const source = framing.chunked ? new ChunkedDecoder(maxBodyBytes, maxHeadBytes) : framing.length;
    this.#body = { head, source };
  }

  #readBody(): ParserEvent | undefined {
    if (this.#body === undefined) return undefined;
    const { head, source } = this.#body;
    const body = typeof source === "number" ? this.#readSized(source) : source.read(this.#input);
    if (body === undefined) return undefined;
    this.#body = undefined;
    this.#continueDue = false;
    return { kind: "request", head, body };
  }

  #readSized(length: number): Buffer | undefined {
    if (length === 0) return EMPTY;
    return this.#input.length < length ? undefined : this.#input.take(length);
  }
}
