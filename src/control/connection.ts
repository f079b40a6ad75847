import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { SekishoError } from "../core/errors.js";
import { encodeFrame, FrameDecoder, MAX_REPLY_FRAME } from "./frame.js";
import type { ControlOp, ControlRequest, Outcome, Role } from "./messages.js";
import {
  CHALLENGE_BYTES,
  encodeHello,
  encodeReply,
  type Hello,
  type Reply,
  type SignedRequest,
} from "./protocol.js";
import { type OperatorKey, openEnvelope, Refused, readSignedRequest } from "./verify-request.js";

/** Who asks, and everything that the audit log archives of how it was asked. */
export interface RequestContext {
  readonly operator: string;
  readonly roles: readonly Role[];
  /** The JSON exactly as signed. */
  readonly rawRequest: Uint8Array;
  readonly signature: Uint8Array;
  readonly counter: bigint;
  readonly challenge: Uint8Array;
}

/** A request that was not executed; `reason` is for the audit log, never for the peer. */
export interface Refusal {
  readonly reason: string;
  /** Of this connection. */
  readonly challenge: Uint8Array;
  /** What the request claims, unverified; absent if not even its envelope could be read. */
  readonly signed?: SignedRequest;
}

export interface ControlLimits {
  /** Connections at one time; more are closed at once. */
  readonly maxConnections: number;
  /** Longest silence between requests. */
  readonly idleMs: number;
  /** Longest time from a frame's first octet to its last, and for a peer to take a reply. */
  readonly frameMs: number;
}

/** What all connections of a server share. */
export interface ConnectionParts {
  readonly installation: Uint8Array;
  readonly operators: ReadonlyMap<string, OperatorKey>;
  readonly limits: ControlLimits;
  /** Executes one verified request. A thrown SekishoError is answered with its code, anything else as INTERNAL. */
  handle(request: ControlRequest, context: RequestContext): Promise<Outcome<ControlOp>>;
  /** Told of every refused request before the peer is answered. */
  onRefused(refusal: Refusal): Promise<void>;
  /** Told of faults that are not the peer's: an unforeseen error of `handle`, a failing `onRefused`. */
  onFault(error: unknown): void;
}

/** One connection at the issuer: requests are read, verified, executed and answered one at a time, in order. */
export class ControlConnection {
  readonly #socket: Socket;
  readonly #parts: ConnectionParts;
  readonly #hello: Hello;
  readonly #decoder = new FrameDecoder();
  readonly #closed: Promise<void>;
  #nextCounter = 1n;
  #busy = false;
  /** True while the deadline runs for a frame that has begun. */
  #inFrame = false;
  #stopping = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(socket: Socket, parts: ConnectionParts) {
    this.#socket = socket;
    this.#parts = parts;
    this.#hello = { installation: parts.installation, challenge: randomBytes(CHALLENGE_BYTES) };
    this.#closed = new Promise((resolve) => socket.once("close", () => resolve()));
  }

  /** Serves the connection until it is closed. */
  async run(): Promise<void> {
    try {
      await this.#send(encodeFrame(encodeHello(this.#hello)));
      await this.#serve();
      this.#setDeadline(this.#parts.limits.frameMs);
      this.#socket.end();
      this.#socket.resume();
      await this.#closed;
    } catch (error) {
      if (error instanceof SekishoError) await this.#report({ reason: error.message });
      else if (!isSystemError(error)) this.#parts.onFault(error);
    } finally {
      clearTimeout(this.#timer);
      this.#socket.destroy();
    }
  }

  /** Lets the request under way be answered, then closes; resolves once closed. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (!this.#busy) this.#socket.destroy();
    await this.#closed;
  }

  async #serve(): Promise<void> {
    this.#awaitNext();
    for await (const chunk of this.#socket.iterator({ destroyOnReturn: false })) {
      for (const payload of this.#decoder.push(chunk)) {
        const goOn = await this.#answer(payload);
        if (!goOn || this.#stopping) return;
      }
      this.#awaitNext();
    }
    if (this.#decoder.partial) throw new SekishoError("CONTROL_PROTOCOL", "the peer closed inside a frame");
  }

  /** Answers one request; false if it was refused and the connection has to end. */
  async #answer(payload: Buffer): Promise<boolean> {
    clearTimeout(this.#timer);
    this.#inFrame = false;
    this.#busy = true;
    let signed: SignedRequest | undefined;
    try {
      signed = openEnvelope(payload);
      const operator = this.#parts.operators.get(signed.operator);
      const request = readSignedRequest(this.#hello, signed, operator, this.#nextCounter);
      this.#nextCounter++;
      await this.#reply(await this.#execute(request, signed, operator?.roles ?? []));
      return true;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      await this.#report({ reason: error.reason, ...(signed && { signed }) });
      await this.#reply(errorReply(signed?.counter ?? 0n, error.answer));
      return false;
    } finally {
      this.#busy = false;
    }
  }

  async #execute(request: ControlRequest, signed: SignedRequest, roles: readonly Role[]): Promise<Reply> {
    const { operator, counter, signature, request: rawRequest } = signed;
    const { challenge } = this.#hello;
    try {
      const outcome = await this.#parts.handle(request, {
        operator,
        roles,
        rawRequest,
        signature,
        counter,
        challenge,
      });
      return outcome.filed === undefined
        ? { counter, status: "result", body: json(outcome.result) }
        : { counter, status: "filed", body: json(outcome.filed) };
    } catch (error) {
      if (error instanceof SekishoError) return errorReply(counter, error);
      this.#parts.onFault(error);
      return errorReply(counter, new SekishoError("INTERNAL", "a fault of the issuer; its log says more"));
    }
  }

  async #report(refusal: Omit<Refusal, "challenge">): Promise<void> {
    try {
      await this.#parts.onRefused({ ...refusal, challenge: this.#hello.challenge });
    } catch (error) {
      this.#parts.onFault(error);
    }
  }

  #reply(reply: Reply): Promise<void> {
    return this.#send(encodeFrame(encodeReply(reply), MAX_REPLY_FRAME));
  }

  /** Waits until the peer has room, so that one who never reads cannot pile up replies. */
  async #send(frame: Buffer): Promise<void> {
    this.#setDeadline(this.#parts.limits.frameMs);
    await new Promise<void>((resolve) => this.#socket.write(frame, () => resolve()));
  }

  /** A frame's deadline runs from its first octet: later octets do not extend it. */
  #awaitNext(): void {
    const { partial } = this.#decoder;
    if (partial && this.#inFrame) return;
    this.#inFrame = partial;
    this.#setDeadline(partial ? this.#parts.limits.frameMs : this.#parts.limits.idleMs);
  }

  #setDeadline(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#expire(), ms);
  }

  #expire(): void {
    const late = new SekishoError("CONTROL_PROTOCOL", "a frame was begun and not ended in time");
    this.#socket.destroy(this.#decoder.partial ? late : undefined);
  }
}

/** The peer's going away, in its several forms. */
const isSystemError = (error: unknown): boolean => error instanceof Error && "code" in error;

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value), "utf8");

function errorReply(counter: bigint, { code, message }: SekishoError): Reply {
  return { counter, status: "error", body: json({ code, message: message.slice(0, 1_000) }) };
}
