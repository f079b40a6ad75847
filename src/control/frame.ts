import { SekishoError } from "../core/errors.js";

/**
 * Frames of the control protocol: u32 big-endian length, then that many octets of payload. An empty payload is not a
 * frame of this protocol.
 */

/** Largest request: 4,096 changes of about 130 octets of JSON each fit in twice over. */
export const MAX_REQUEST_FRAME = 1024 * 1024;

/** Largest reply: 4,096 failures of up to 1,000 octets each. */
export const MAX_REPLY_FRAME = 4 * 1024 * 1024;

const HEADER = 4;

/** One frame as a single piece. Throws CONTROL_PROTOCOL if the payload is empty or longer than `maxBytes`. */
export function encodeFrame(payload: Uint8Array, maxBytes = MAX_REQUEST_FRAME): Buffer {
  checkLength(payload.length, maxBytes);
  const frame = Buffer.allocUnsafe(HEADER + payload.length);
  frame.writeUInt32BE(payload.length);
  frame.set(payload, HEADER);
  return frame;
}

/** Cuts a byte stream, in whatever pieces it arrives, into payloads. */
export class FrameDecoder {
  readonly #maxBytes: number;
  readonly #header = Buffer.alloc(HEADER);
  #headerBytes = 0;
  #payload: Buffer | undefined;
  #payloadBytes = 0;

  constructor(maxBytes = MAX_REQUEST_FRAME) {
    this.#maxBytes = maxBytes;
  }

  /** True while a frame has begun but is not whole. */
  get partial(): boolean {
    return this.#headerBytes > 0;
  }

  /** Payloads that `chunk` completes. Throws CONTROL_PROTOCOL at a length out of bounds; then the stream is lost. */
  *push(chunk: Uint8Array): Generator<Buffer> {
    let rest = chunk;
    while (rest.length > 0) {
      rest = rest.subarray(this.#payload === undefined ? this.#takeHeader(rest) : this.#takePayload(rest));
      const payload = this.#payload;
      if (payload === undefined || this.#payloadBytes < payload.length) continue;
      this.#payload = undefined;
      this.#headerBytes = 0;
      yield payload;
    }
  }

  #takeHeader(bytes: Uint8Array): number {
    const taken = Math.min(bytes.length, HEADER - this.#headerBytes);
    this.#header.set(bytes.subarray(0, taken), this.#headerBytes);
    this.#headerBytes += taken;
    if (this.#headerBytes === HEADER) {
      const length = this.#header.readUInt32BE();
      checkLength(length, this.#maxBytes);
      this.#payload = Buffer.allocUnsafe(length);
      this.#payloadBytes = 0;
    }
    return taken;
  }

  #takePayload(bytes: Uint8Array): number {
    const payload = this.#payload as Buffer;
    const taken = Math.min(bytes.length, payload.length - this.#payloadBytes);
    payload.set(bytes.subarray(0, taken), this.#payloadBytes);
    this.#payloadBytes += taken;
    return taken;
  }
}

function checkLength(length: number, maxBytes: number): void {
  if (length === 0 || length > maxBytes)
    throw new SekishoError("CONTROL_PROTOCOL", `a frame of ${length} octets; 1 to ${maxBytes} are allowed`);
}
