import type { Socket } from "node:net";
import { FAULT_FIELDS, statusText } from "./answer.js";
import type { FileRange, HttpHandler, HttpLimits, HttpRequest } from "./handler.js";
import { Exchange, type ExchangeOwner } from "./http1-exchange.js";
import type { RequestHead } from "./http1-head.js";
import { type ParserEvent, RequestParser } from "./http1-parser.js";
import { Http1Transfer, type TransferOwner } from "./http1-transfer.js";
import type { Watched } from "./listener.js";
import { peerOfSocket } from "./peer-text.js";
import { takeTurn } from "./transfer.js";

/** Pipelined requests without an answer; with more, reading stops until some are answered. */
const MAX_IN_FLIGHT = 16;
/** How long bytes are still read and thrown away after the last answer, so that a reset does not overtake it (RFC 9112 9.6). */
const LINGER_MS = 2_000;
const CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";

/**
 * One HTTP/1.x connection: parses, calls the handler, writes the answers in order. The socket must allow half-open
 * operation: clients such as openssl close their side once the request is sent.
 */
export class Http1Connection implements ExchangeOwner, TransferOwner, Watched {
  aborted = false;
  readonly #socket: Socket;
  readonly #handler: HttpHandler;
  readonly #limits: HttpLimits;
  readonly #parser: RequestParser;
  readonly #peer: string;
  readonly #inFlight: Exchange[] = [];
  /** The file of the first exchange in flight, whose head is written. */
  #transfer: Http1Transfer | undefined;
  #closesAfterTransfer = false;
  #state: "fresh" | "open" | "last-request" | "lingering" = "fresh";
  #draining = false;
  #peerEnded = false;
  #pumping = false;
  #continueDue = false;
  #waiting: keyof typeof WAITS = "head";
  #waitingSince = performance.now();

  constructor(socket: Socket, handler: HttpHandler, limits: HttpLimits, onClosed: () => void) {
    this.#socket = socket;
    this.#handler = handler;
    this.#limits = limits;
    this.#parser = new RequestParser(limits);
    this.#peer = peerOfSocket(socket.remoteAddress);
    socket.setNoDelay(true);
    socket.on("data", (segment: Buffer) => this.#receive(segment));
    socket.on("end", () => this.#receiveEnd());
    socket.on("drain", () => this.#pump());
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      this.aborted = true;
      this.#transfer?.end();
      for (const exchange of this.#inFlight) exchange.takeFile()?.close();
      onClosed();
    });
  }

  /** Answers 408 and closes: the head's deadline passed before the connection came here (standards P19). */
  expire(): void {
    this.#refuse(408, "request head took too long");
  }

  /** Closes with the next answer. */
  drain(): void {
    this.#draining = true;
  }

  /** Closes if no request is under way. */
  closeIfIdle(): void {
    if (this.#inFlight.length === 0 && this.#parser.phase === "idle") this.#linger();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Called now and then with a monotonic time: ends what has waited too long (standards F23, P19). */
  checkDeadline(now: number): void {
    if (now - this.#waitingSince < WAITS[this.#waiting](this.#limits)) return;
    const midRequest = this.#parser.phase !== "idle";
    if (midRequest && (this.#waiting === "head" || this.#waiting === "body"))
      this.#refuse(408, `request ${this.#waiting} took too long`);
    else this.#socket.destroy();
  }

  /** An exchange got its answer. */
  answered(): void {
    this.#flush();
    this.#pump();
  }

  moved(): void {
    this.#await("transfer");
  }

  sent(): void {
    this.#transfer = undefined;
    this.#finishFirst(this.#closesAfterTransfer);
    this.answered();
  }

  #receive(segment: Buffer): void {
    if (this.#state === "last-request" || this.#state === "lingering") return;
    this.#state = "open";
    this.#parser.push(segment);
    this.#pump();
  }

  #receiveEnd(): void {
    this.#peerEnded = true;
    this.#pump();
  }

  /** Takes requests out of the parser as long as there is room for their answers. */
  #pump(): void {
    if (this.#pumping || this.aborted) return;
    this.#pumping = true;
    let corked = false;
    while (this.#mayParse()) {
      const event = this.#parser.next();
      if (event === undefined) break;
      if (!corked && this.#parser.buffered > 0) {
        this.#socket.cork();
        corked = true;
      }
      this.#accept(event);
    }
    if (corked) this.#socket.uncork();
    this.#pumping = false;
    this.#settle();
  }

  #mayParse(): boolean {
    if (this.#state === "last-request" || this.#state === "lingering") return false;
    if (this.#transfer !== undefined) return false;
    if (this.#draining && this.#inFlight.length > 0) return false;
    return this.#inFlight.length < MAX_IN_FLIGHT && !this.#socket.writableNeedDrain;
  }

  #accept(event: ParserEvent): void {
    if (event.kind === "request") this.#dispatch(event.head, event.body);
    else if (event.kind === "fault") this.#refuse(event.fault.status, event.fault.message);
    else if (this.#inFlight.length === 0) this.#socket.write(CONTINUE);
    else this.#continueDue = true;
  }

  #dispatch(head: RequestHead, body: Uint8Array): void {
    const { method, target, http11 } = head;
    const keepsAlive = head.keepsAlive();
    if (!keepsAlive) this.#state = "last-request";
    const exchange = new Exchange(this, { http11, isHead: method === "HEAD", keepsAlive });
    this.#inFlight.push(exchange);
    this.#await("answer");
    const request: HttpRequest = {
      method,
      target,
      header: (name) => head.header(name),
      body,
      peer: this.#peer,
    };
    this.#handler(request, exchange);
  }

  /** Answers a transport fault in its turn; it is the connection's last answer. */
  #refuse(status: number, message: string): void {
    if (this.#state === "last-request" || this.#state === "lingering") return;
    this.#state = "last-request";
    const exchange = new Exchange(this, { http11: true, isHead: false, keepsAlive: false });
    this.#inFlight.push(exchange);
    exchange.send(status, FAULT_FIELDS, Buffer.from(`${statusText(status)}: ${message}\n`));
  }

  /** Writes the answers whose turn it is. */
  #flush(): void {
    while (this.#transfer === undefined && this.#inFlight[0]?.ready) {
      const next = this.#inFlight[0];
      const keepsAlive = next.keepsAlive && !(this.#draining && this.#inFlight.length === 1);
      this.#write(next.encode(keepsAlive));
      const file = next.takeFile();
      if (file === undefined) this.#finishFirst(!keepsAlive);
      else this.#startTransfer(file, !keepsAlive);
    }
    if (this.#continueDue && this.#inFlight.length === 0) {
      this.#continueDue = false;
      if (this.#parser.phase === "body") this.#socket.write(CONTINUE);
    }
  }

  #startTransfer(file: FileRange, closes: boolean): void {
    this.#closesAfterTransfer = closes;
    this.#transfer = new Http1Transfer(this.#socket, file, this);
    takeTurn(this.#transfer);
  }

  #finishFirst(closes: boolean): void {
    this.#inFlight.shift();
    if (closes) this.#linger();
  }

  #write(parts: readonly Uint8Array[]): void {
    if (parts.length > 1) this.#socket.cork();
    for (const part of parts) this.#socket.write(part);
    if (parts.length > 1) this.#socket.uncork();
  }

  /** Ends our side and goes on reading for a while. */
  #linger(): void {
    if (this.#state === "lingering") return;
    this.#state = "lingering";
    this.#socket.end();
    this.#socket.resume();
    this.#await("linger");
  }

  /** After every step: stop or resume reading, close behind a half-closed peer, restart the clock of what is awaited. */
  #settle(): void {
    if (this.#state === "lingering") return;
    if (this.#mayParse()) this.#socket.resume();
    else if (this.#state !== "last-request") this.#socket.pause();
    const isQuiet = this.#inFlight.length === 0 && this.#mayParse();
    if (this.#peerEnded && isQuiet) this.#linger();
    else this.#await(this.#awaited());
  }

  #awaited(): keyof typeof WAITS {
    if (this.#transfer !== undefined) return "transfer";
    if (this.#inFlight.length > 0) return "answer";
    if (this.#socket.writableLength > 0) return "write";
    return this.#state === "fresh" ? "head" : this.#parser.phase;
  }

  /** The clocks of head and body are not restarted by more bytes of the same head or body; the others are. */
  #await(what: keyof typeof WAITS): void {
    if (what === this.#waiting && (what === "head" || what === "body")) return;
    this.#waiting = what;
    this.#waitingSince = performance.now();
  }
}

/** How long each thing may be waited for, in milliseconds. The answer is the handler's to give: it has its own deadline. */
const WAITS = {
  head: (limits: HttpLimits) => limits.headTimeoutMs,
  body: (limits: HttpLimits) => limits.bodyTimeoutMs,
  idle: (limits: HttpLimits) => limits.idleTimeoutMs,
  write: (limits: HttpLimits) => limits.idleTimeoutMs,
  transfer: (limits: HttpLimits) => limits.idleTimeoutMs,
  linger: () => LINGER_MS,
  answer: () => Number.POSITIVE_INFINITY,
};
