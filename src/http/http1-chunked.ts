import { ByteQueue } from "./byte-queue.js";
import { HttpFault } from "./http-fault.js";
import { parseFieldLine } from "./http1-head.js";

/** chunk-size, then extensions that are bounded and ignored (RFC 9112 7.1.1). Eight digits pass any limit we set. */
const CHUNK_LINE = /^([0-9A-Fa-f]{1,8})[ \t]*(;[\t\x20-\x7e\x80-\xff]*)?$/;
const MAX_CHUNK_LINE = 256;
const CR = 0x0d;
const LF = 0x0a;

type State = "size" | "data" | "data-end" | "trailer" | "done";

/** Strict decoder of one chunked body (RFC 9112 7.1). Trailer fields are checked, bounded and dropped. */
export class ChunkedDecoder {
  readonly #maxBodyBytes: number;
  /** Bound on all extensions of the body together, and on the trailer section. */
  readonly #maxSideBytes: number;
  readonly #body = new ByteQueue();
  #state: State = "size";
  #chunkLeft = 0;
  #extensionBytes = 0;
  #trailerBytes = 0;
  #scanned = 0;

  constructor(maxBodyBytes: number, maxSideBytes: number) {
    this.#maxBodyBytes = maxBodyBytes;
    this.#maxSideBytes = maxSideBytes;
  }

  /** Consumes what it can from the queue; returns the body once it is whole. Throws HttpFault. */
  read(input: ByteQueue): Buffer | undefined {
    while (this.#state !== "done") if (!this.#step(input)) return undefined;
    return this.#body.take(this.#body.length);
  }

  /** One step of the state machine; false when more bytes are needed. */
  #step(input: ByteQueue): boolean {
    switch (this.#state) {
      case "size":
        return this.#readSize(input);
      case "data":
        return this.#readData(input);
      case "data-end":
        return this.#readDataEnd(input);
      default:
        return this.#readTrailer(input);
    }
  }

  #readSize(input: ByteQueue): boolean {
    const line = this.#readLine(input, MAX_CHUNK_LINE, 400);
    if (line === undefined) return false;
    const [, digits = "", extensions = ""] = CHUNK_LINE.exec(line) ?? [];
    if (digits === "" || (extensions === "" && digits.length !== line.length))
      throw new HttpFault(400, "malformed chunk size");
    this.#extensionBytes += line.length - digits.length;
    if (this.#extensionBytes > this.#maxSideBytes) throw new HttpFault(400, "chunk extensions too long");
    this.#chunkLeft = Number.parseInt(digits, 16);
    if (this.#body.length + this.#chunkLeft > this.#maxBodyBytes)
      throw new HttpFault(413, "request body too large");
    this.#state = this.#chunkLeft === 0 ? "trailer" : "data";
    return true;
  }

  #readData(input: ByteQueue): boolean {
    const available = Math.min(this.#chunkLeft, input.length);
    if (available === 0) return false;
    this.#appendCopy(input.take(available));
    this.#chunkLeft -= available;
    if (this.#chunkLeft === 0) this.#state = "data-end";
    return true;
  }

  /** The queue borrows its first segment, which here is a view of the input: that one is copied. */
  #appendCopy(data: Buffer): void {
    this.#body.append(this.#body.length === 0 ? Buffer.from(data) : data);
  }

  #readDataEnd(input: ByteQueue): boolean {
    if (input.length > 0 && input.at(0) !== CR) throw new HttpFault(400, "chunk longer than its size");
    if (input.length < 2) return false;
    if (input.at(1) !== LF) throw new HttpFault(400, "chunk longer than its size");
    input.drop(2);
    this.#state = "size";
    return true;
  }

  #readTrailer(input: ByteQueue): boolean {
    const line = this.#readLine(input, this.#maxSideBytes - this.#trailerBytes, 431);
    if (line === undefined) return false;
    if (line === "") {
      this.#state = "done";
      return true;
    }
    parseFieldLine(line);
    this.#trailerBytes += line.length + 2;
    return true;
  }

  /** Takes one line without its CRLF. Throws HttpFault `tooLong` beyond `limit` bytes and 400 for a bare line feed. */
  #readLine(input: ByteQueue, limit: number, tooLong: number): string | undefined {
    const lineFeed = input.indexOfLineFeed(this.#scanned);
    const size = lineFeed === -1 ? input.length : lineFeed + 1;
    if (size > limit) throw new HttpFault(tooLong, "line of a chunked body too long");
    if (lineFeed === -1) {
      this.#scanned = input.length;
      return undefined;
    }
    this.#scanned = 0;
    if (lineFeed === 0 || input.at(lineFeed - 1) !== CR) throw new HttpFault(400, "bare line feed");
    const line = input.latin1(0, lineFeed - 1);
    input.drop(size);
    return line;
  }
}
