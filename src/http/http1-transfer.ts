import type { Socket } from "node:net";
import type { FileRange } from "./handler.js";
import { type Transfer, takeTurn } from "./transfer.js";

/** node:net keeps what the kernel does not take: this much for each download, which is also one TLS record. */
const CHUNK_OCTETS = 16 * 1024;

/** What a transfer tells its connection. */
export interface TransferOwner {
  /** The kernel has taken a chunk. */
  moved(): void;
  /** The kernel has taken the last chunk. */
  sent(): void;
}

/** A file range on its way through a socket: the next chunk is read when the kernel has taken the one before. */
export class Http1Transfer implements Transfer {
  readonly #socket: Socket;
  readonly #range: FileRange;
  readonly #owner: TransferOwner;
  #sent = 0;
  #ended = false;

  constructor(socket: Socket, range: FileRange, owner: TransferOwner) {
    this.#socket = socket;
    this.#range = range;
    this.#owner = owner;
  }

  step(): void {
    if (this.#ended) return;
    const chunk = Buffer.allocUnsafeSlow(Math.min(CHUNK_OCTETS, this.#range.length - this.#sent));
    // What has been promised cannot be kept, and must not look as if it were.
    if (!this.#range.read(chunk, this.#sent)) this.#socket.destroy();
    else this.#socket.write(chunk, (error) => this.#taken(chunk.length, error));
  }

  /** Lets go of the file: all is sent, or the socket is closed. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#range.close();
  }

  #taken(octets: number, error: Error | null | undefined): void {
    // After an error the socket is closed, which ends this.
    if (this.#ended || error) return;
    this.#sent += octets;
    this.#owner.moved();
    if (this.#sent < this.#range.length) takeTurn(this);
    else {
      this.end();
      this.#owner.sent();
    }
  }
}
