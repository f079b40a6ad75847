import { once } from "node:events";
import net from "node:net";
import tls from "node:tls";

/** One answer as it came over the wire. */
export interface WireAnswer {
  readonly status: number;
  /** Lower-case names; a repeated field is an array of two in `repeated`. */
  readonly fields: ReadonlyMap<string, string>;
  readonly repeated: readonly string[];
  readonly body: string;
}

/** How bytes are cut into segments. */
export type Delivery = "whole" | "bytewise";

/** How a test reaches a server. */
export type Connect = (port: number) => Promise<RawClient>;

/** A client that sends raw bytes and reads answers, so that tests decide every octet. */
export class RawClient {
  readonly socket: net.Socket;
  readonly #transport: net.Socket;
  #received = "";
  readonly #closed: Promise<unknown>;
  #isClosed = false;
  #wake: () => void = () => {};

  private constructor(socket: net.Socket, transport: net.Socket) {
    this.socket = socket;
    this.#transport = transport;
    transport.setNoDelay(true);
    socket.on("data", (segment) => {
      this.#received += segment.toString("latin1");
      this.#wake();
    });
    socket.on("error", () => {});
    this.#closed = socket.closed ? Promise.resolve() : once(socket, "close").catch(() => {});
    this.#isClosed = socket.closed;
    for (const event of ["close", "end"])
      socket.on(event, () => {
        this.#isClosed = true;
        this.#wake();
      });
  }

  static async connect(port: number, host = "127.0.0.1"): Promise<RawClient> {
    const socket = net.connect({ port, host, allowHalfOpen: true });
    await once(socket, "connect");
    return new RawClient(socket, socket);
  }

  /** Through TLS, trusting one certificate. A server that refuses the connection shows as one that closes it. */
  static async connectTls(port: number, ca: string, options: tls.ConnectionOptions = {}): Promise<RawClient> {
    const transport =
      options.socket instanceof net.Socket
        ? options.socket
        : net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
    if (transport.connecting) await once(transport, "connect");
    const socket = tls.connect({ socket: transport, ca, servername: "localhost", ...options });
    await new Promise<void>((resolve) => {
      for (const event of ["secureConnect", "error", "close"]) socket.once(event, () => resolve());
    });
    return new RawClient(socket, transport);
  }

  async send(text: string, delivery: Delivery = "whole"): Promise<void> {
    const bytes = Buffer.from(text, "latin1");
    if (delivery === "whole") {
      this.socket.write(bytes);
      return;
    }
    for (const byte of bytes) {
      if (this.socket.destroyed) return;
      await new Promise<void>((resolve) =>
        this.socket.write(Uint8Array.of(byte), () => setImmediate(resolve)),
      );
    }
  }

  /** Waits for the next whole answer; undefined if the server closes first. `toHead`: the request was a HEAD. */
  async answer(toHead = false): Promise<WireAnswer | undefined> {
    let needed = 0;
    for (;;) {
      // Not looked at piece by piece: that takes time quadratic in the size of a large answer.
      const parsed = this.#received.length < needed ? undefined : parseAnswer(this.#received, toHead);
      if (parsed?.answer !== undefined) {
        this.#received = this.#received.slice(parsed.size);
        return parsed.answer;
      }
      needed = parsed?.size ?? needed;
      if (this.#isClosed) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Waits until the server has closed its side; returns the bytes that no answer used. */
  async rest(): Promise<string> {
    while (!this.#isClosed)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    return this.#received;
  }

  /** Closes our side of the connection only. */
  halfClose(): void {
    this.socket.end();
  }

  /** Ends the connection with a reset. */
  reset(): void {
    this.#transport.resetAndDestroy();
  }

  async close(): Promise<void> {
    this.socket.destroy();
    await this.#closed;
  }
}

/** `size`: of the whole answer. Undefined: its head is not whole. */
function parseAnswer(
  text: string,
  toHead: boolean,
): { answer: WireAnswer | undefined; size: number } | undefined {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd === -1) return undefined;
  const [statusLine = "", ...lines] = text.slice(0, headEnd).split("\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3}) [ -~]+$/.exec(statusLine)?.[1]);
  if (Number.isNaN(status)) throw new Error(`not an HTTP answer: ${statusLine}`);
  const fields = new Map<string, string>();
  const repeated: string[] = [];
  for (const line of lines) {
    const [name = "", value = ""] = line.split(/: ?(.*)/s);
    if (fields.has(name.toLowerCase())) repeated.push(name.toLowerCase());
    fields.set(name.toLowerCase(), value);
  }
  const bodiless = toHead || status === 304 || status === 204 || status < 200;
  const length = bodiless ? 0 : Number(fields.get("content-length") ?? 0);
  const bodyStart = headEnd + 4;
  if (text.length < bodyStart + length) return { answer: undefined, size: bodyStart + length };
  const body = text.slice(bodyStart, bodyStart + length);
  return { answer: { status, fields, repeated, body }, size: bodyStart + length };
}
