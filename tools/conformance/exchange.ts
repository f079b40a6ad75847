import { connect, type Socket } from "node:net";
import { systemClock } from "../../src/core/clock.js";
import { type HttpAnswer, readHttpAnswer } from "./http-answer.js";

/** What is said on one connection: raw bytes, which nothing repairs. */
export interface Conversation {
  /** Each is sent when as many answers (100 Continue counts) have come as messages were sent before it. */
  readonly messages: readonly Uint8Array[];
  /** Answers to wait for in all. */
  readonly answers: number;
  /** The request is a HEAD. */
  readonly toHead: boolean;
  /** One octet a segment. */
  readonly bytewise: boolean;
  /** Our side is closed behind the last message. */
  readonly halfClose: boolean;
  /** The connection is to stay open: it is not watched for its end. */
  readonly keepAlive: boolean;
}

export interface Limits {
  /** For one whole exchange. */
  readonly deadlineMs: number;
  /** How long the end of the connection, or more bytes, are waited for behind the last answer. */
  readonly lingerMs: number;
  /** Octets received on one connection. */
  readonly maxOctets: number;
}

/**
 * How a conversation ended: the responder closed; the connection was still open behind the last answer; answers were
 * missing at the deadline; more octets came than the limit; the connection broke; there was none to be had.
 */
export type End = "closed" | "open" | "hang" | "flood" | "reset" | "refused";

export interface Exchange {
  readonly answers: readonly HttpAnswer[];
  /** Bytes behind the last answer, or all that came when they are no whole answer. */
  readonly rest: Buffer;
  readonly end: End;
  /** Unix time in milliseconds when it ended. */
  readonly atMs: number;
}

/** Holds one conversation. Never rejects: whatever the responder does is the result. */
export function converse(
  host: string,
  port: number,
  conversation: Conversation,
  limits: Limits,
): Promise<Exchange> {
  const socket = connect({ host, port, noDelay: true, allowHalfOpen: true });
  return new Promise((resolve) => {
    new Talk(socket, conversation, limits, resolve);
  });
}

class Talk {
  private received: Buffer = Buffer.alloc(0);
  private octets = 0;
  private readonly answers: HttpAnswer[] = [];
  private sent = 0;
  private lingering = false;
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly socket: Socket,
    private readonly conversation: Conversation,
    private readonly limits: Limits,
    private readonly done: (exchange: Exchange) => void,
  ) {
    this.timer = setTimeout(() => this.finish(this.lingering ? "open" : "hang"), limits.deadlineMs);
    socket.once("connect", () => this.sendNext());
    socket.on("data", (segment) => this.take(segment));
    socket.once("end", () => {
      this.read(true);
      this.finish("closed");
    });
    socket.once("error", () => {
      this.read(true);
      this.finish(this.sent === 0 ? "refused" : "reset");
    });
  }

  private sendNext(): void {
    const message = this.conversation.messages[this.sent++];
    if (message === undefined) return;
    const last = this.sent === this.conversation.messages.length;
    const close = last && this.conversation.halfClose;
    if (this.conversation.bytewise) void this.sendBytewise(message, close);
    else if (close) this.socket.end(message);
    else this.socket.write(message);
  }

  private async sendBytewise(message: Uint8Array, close: boolean): Promise<void> {
    for (const octet of message) {
      if (this.socket.destroyed) return;
      await new Promise<void>((resolve) =>
        this.socket.write(Uint8Array.of(octet), () => setImmediate(resolve)),
      );
    }
    if (close) this.socket.end();
  }

  private take(segment: Buffer): void {
    this.octets += segment.length;
    this.received = Buffer.concat([this.received, segment]);
    if (this.octets > this.limits.maxOctets) this.finish("flood");
    else this.read(false);
  }

  /** Takes whole answers off what was received. */
  private read(ended: boolean): void {
    const { answers, toHead } = this.conversation;
    while (this.answers.length < answers) {
      const parsed = readHttpAnswer(this.received, toHead, ended);
      if (parsed === undefined || parsed.size === 0) return;
      this.answers.push(parsed.answer);
      this.received = this.received.subarray(parsed.size);
      if (!ended && this.answers.length === this.sent) this.sendNext();
    }
    if (!ended && !this.lingering) this.linger();
  }

  private linger(): void {
    this.lingering = true;
    if (this.conversation.keepAlive) this.finish("open");
    else setTimeout(() => this.finish("open"), this.limits.lingerMs).unref();
  }

  private finish(end: End): void {
    clearTimeout(this.timer);
    this.socket.destroy();
    this.done({ answers: this.answers, rest: this.received, end, atMs: systemClock.nowMs() });
  }
}
