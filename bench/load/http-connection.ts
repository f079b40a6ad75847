import { connect, type Socket } from "node:net";

/** One answer as the generator sees it; `body` borrows from the socket's buffer until the callback returns. */
export interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

export interface ConnectionEvents {
  /** The answer to the request under way. */
  answered(connection: HttpConnection, answer: Answer): void;
  /** The connection has ended; `duringRequest`: a request was under way and stays unanswered. */
  closed(connection: HttpConnection, duringRequest: boolean, why: string): void;
}

const HEAD_END = Buffer.from("\r\n\r\n");
/** An answer larger than this is no OCSP answer. */
const MAX_ANSWER = 1 << 20;

/** A kept-alive HTTP/1.1 connection with one request under way at a time: as little work an answer as can be. */
export class HttpConnection {
  private readonly socket: Socket;
  private pending: Buffer | undefined;
  private underWay = false;
  private closes = false;
  private why = "closed by the server";

  /** `host` and `port` of the server; `from` is the local address, for a peer of its own. */
  constructor(
    target: { readonly host: string; readonly port: number; readonly from?: string },
    private readonly events: ConnectionEvents,
    ready: (connection: HttpConnection) => void,
  ) {
    const { host, port, from } = target;
    this.socket = connect({
      host,
      port,
      ...(from === undefined ? {} : { localAddress: from }),
      noDelay: true,
    });
    this.socket.once("connect", () => ready(this));
    this.socket.on("data", (bytes) => this.read(bytes));
    this.socket.on("error", (error) => {
      this.why = error.message;
    });
    this.socket.once("close", () => events.closed(this, this.underWay, this.why));
  }

  get localPort(): number | undefined {
    return this.socket.localPort;
  }

  send(request: Buffer): void {
    this.underWay = true;
    this.socket.write(request);
  }

  close(): void {
    this.why = "closed by the client";
    this.socket.destroy();
  }

  private read(bytes: Buffer): void {
    const all = this.pending === undefined ? bytes : Buffer.concat([this.pending, bytes]);
    const headEnd = all.indexOf(HEAD_END);
    if (headEnd < 0) {
      this.wait(all);
      return;
    }
    const head = all.toString("latin1", 0, headEnd + 2).toLowerCase();
    const length = Number(/\r\ncontent-length: *(\d+)\r\n/.exec(head)?.[1] ?? 0);
    const end = headEnd + HEAD_END.length + length;
    if (all.length < end) {
      this.wait(all);
      return;
    }
    this.pending = undefined;
    this.underWay = false;
    this.closes = head.includes("\r\nconnection: close\r\n");
    const status = Number(head.slice(9, 12));
    if (this.closes) this.why = "announced";
    this.events.answered(this, { status, body: all.subarray(headEnd + HEAD_END.length, end) });
    if (this.closes) this.socket.end();
  }

  /** True once the server has said that it closes: no further request may be sent. */
  get isClosing(): boolean {
    return this.closes;
  }

  private wait(all: Buffer): void {
    if (all.length > MAX_ANSWER) {
      this.why = "an endless answer";
      this.socket.destroy();
      return;
    }
    this.pending = all;
  }
}
