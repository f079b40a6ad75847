import { answerHead, hasNoContent } from "./answer.js";
import type { FileRange, HeaderFields, HttpReply } from "./handler.js";

/** Bodies up to this size are copied behind their head, which is cheaper than a second buffer to write. */
const COPY_LIMIT = 64 * 1024;

const EMPTY = new Uint8Array();

interface Answer {
  readonly status: number;
  readonly fields: HeaderFields;
  readonly body: Uint8Array;
  /** What Content-Length says. */
  readonly length: number;
}

/** What an exchange needs from its connection. */
export interface ExchangeOwner {
  readonly aborted: boolean;
  /** An exchange has its answer; those before it may still lack theirs. */
  answered(): void;
}

/** One request's place in the order of a connection's answers (RFC 9112 9.3.2). */
export class Exchange implements HttpReply {
  readonly keepsAlive: boolean;
  readonly #owner: ExchangeOwner;
  readonly #http11: boolean;
  readonly #isHead: boolean;
  #answer: Answer | undefined;
  #file: FileRange | undefined;

  constructor(owner: ExchangeOwner, request: { http11: boolean; isHead: boolean; keepsAlive: boolean }) {
    this.#owner = owner;
    this.#http11 = request.http11;
    this.#isHead = request.isHead;
    this.keepsAlive = request.keepsAlive;
  }

  get aborted(): boolean {
    return this.#owner.aborted;
  }

  get ready(): boolean {
    return this.#answer !== undefined;
  }

  send(status: number, fields: HeaderFields, body: Uint8Array): void {
    if (this.#answer !== undefined || this.#owner.aborted) return;
    this.#answer = { status, fields, body, length: body.length };
    this.#owner.answered();
  }

  sendFile(status: number, fields: HeaderFields, range: FileRange): void {
    const isWanted = this.#answer === undefined && !this.#owner.aborted;
    if (isWanted && !this.#isHead) this.#file = range;
    else range.close();
    if (!isWanted) return;
    this.#answer = { status, fields, body: EMPTY, length: range.length };
    this.#owner.answered();
  }

  /** Takes the file that has to follow the encoded answer; from then on it is the caller's. */
  takeFile(): FileRange | undefined {
    const file = this.#file;
    this.#file = undefined;
    return file;
  }

  /** The answer's bytes without a file's, in one buffer unless the body is large. Only for an exchange that is `ready`. */
  encode(keepsAlive: boolean): Uint8Array[] {
    if (this.#answer === undefined) return [];
    const { status, fields, body, length } = this.#answer;
    const connection = !keepsAlive ? "close" : this.#http11 ? "" : "keep-alive";
    const head = answerHead(status, fields, length, connection);
    if (this.#isHead || hasNoContent(status) || body.length === 0) return [Buffer.from(head, "latin1")];
    if (body.length > COPY_LIMIT) return [Buffer.from(head, "latin1"), body];
    const whole = Buffer.allocUnsafe(head.length + body.length);
    whole.write(head, "latin1");
    whole.set(body, head.length);
    return [whole];
  }
}
