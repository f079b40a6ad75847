import { once } from "node:events";
import net from "node:net";

/** A client that reads one answer as slowly as a test wants, keeping none of its content. */
export class DownloadClient {
  /** Of the content. */
  received = 0;
  head = "";
  #bytes = Buffer.alloc(0);
  readonly ended: Promise<void>;

  /** `onContent` sees the content piece by piece. */
  private constructor(
    readonly socket: net.Socket,
    private readonly onContent: (piece: Buffer) => void,
  ) {
    socket.on("data", (segment: Buffer) => this.#take(segment));
    socket.on("error", () => {});
    this.ended = new Promise((resolve) => socket.on("close", () => resolve()));
  }

  static async start(
    port: number,
    request: string,
    onContent: (piece: Buffer) => void = () => {},
    localAddress?: string,
  ): Promise<DownloadClient> {
    const socket = net.connect({ port, host: "127.0.0.1", ...(localAddress && { localAddress }) });
    await once(socket, "connect");
    const client = new DownloadClient(socket, onContent);
    socket.write(request, "latin1");
    return client;
  }

  /** Stops to read, so that the server's buffers fill up. */
  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  /** Waits for the head and `octets` of the content; false if the connection ends before. */
  async until(octets: number): Promise<boolean> {
    while ((this.head === "" || this.received < octets) && !this.socket.destroyed)
      await Promise.race([once(this.socket, "data").catch(() => {}), this.ended]);
    return this.received >= octets;
  }

  get status(): number {
    return Number(/^HTTP\/1\.1 (\d{3}) /.exec(this.head)?.[1]);
  }

  field(name: string): string | undefined {
    return new RegExp(`^${name}: (.*)$`, "im").exec(this.head)?.[1]?.trim();
  }

  #take(segment: Buffer): void {
    if (this.head !== "") {
      this.#content(segment);
      return;
    }
    this.#bytes = Buffer.concat([this.#bytes, segment]);
    const end = this.#bytes.indexOf("\r\n\r\n");
    if (end === -1) return;
    this.head = this.#bytes.toString("latin1", 0, end + 2);
    this.#content(this.#bytes.subarray(end + 4));
  }

  #content(piece: Buffer): void {
    if (piece.length === 0) return;
    this.received += piece.length;
    this.onContent(piece);
  }
}
