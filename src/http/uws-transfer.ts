import type { HttpResponse } from "uWebSockets.js";
import type { FileRange } from "./handler.js";
import { type Transfer, takeTurn } from "./transfer.js";

const CHUNK_OCTETS = 64 * 1024;

/** What is read is handed to the socket at once or read again, so that one buffer serves all. */
const chunk = new Uint8Array(CHUNK_OCTETS);

/**
 * A file range on its way through a uWS response, which keeps count of what the socket has taken: nothing is held but
 * the range. uWS gives a response that could not write about 10 s; every `retry` starts that again.
 */
export class UwsTransfer implements Transfer {
  readonly #response: HttpResponse;
  readonly #range: FileRange;
  readonly #onEnd: () => void;
  #sent = 0;
  #movedAt = performance.now();
  #ended = false;

  /** `onEnd` is called once, when the response may no longer be touched. */
  constructor(response: HttpResponse, range: FileRange, onEnd: () => void) {
    this.#response = response;
    this.#range = range;
    this.#onEnd = onEnd;
  }

  /** Writes the head and the first chunk; corked. Does nothing and returns false if that chunk cannot be read. */
  start(writeHead: () => void): boolean {
    const piece = this.#read();
    if (piece === undefined) return false;
    writeHead();
    this.#response.onWritable(() => {
      takeTurn(this);
      return true;
    });
    this.#send(piece);
    return true;
  }

  /** Tries again, or closes a connection that has taken nothing for `mostMs`. To be called every few seconds. */
  retry(now: number, mostMs: number): void {
    if (now - this.#movedAt >= mostMs) this.#response.close();
    else takeTurn(this);
  }

  step(): void {
    if (this.#ended) return;
    const piece = this.#read();
    // What has been promised cannot be kept, and must not look as if it were.
    if (piece === undefined) this.#response.close();
    else this.#response.cork(() => this.#send(piece));
  }

  /** Lets go of the file and the response: all is sent, or the response was aborted. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#range.close();
    this.#onEnd();
  }

  /** The octets that the socket has not taken yet, as many as fit a chunk. */
  #read(): Uint8Array | undefined {
    const piece = chunk.subarray(0, Math.min(CHUNK_OCTETS, this.#range.length - this.#sent));
    return this.#range.read(piece, this.#sent) ? piece : undefined;
  }

  /** A chunk that is not taken whole goes on where it was left, when the socket is writable again. */
  #send(piece: Uint8Array): void {
    const [isTaken, isLast] = this.#response.tryEnd(piece, this.#range.length);
    if (isLast) {
      this.end();
      return;
    }
    const sent = this.#response.getWriteOffset();
    if (sent > this.#sent) this.#movedAt = performance.now();
    this.#sent = sent;
    if (isTaken) takeTurn(this);
  }
}
