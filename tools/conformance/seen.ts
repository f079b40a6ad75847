import { DerError } from "../../src/asn1/reader.js";
import type { Ask } from "./ask.js";
import type { Exchange } from "./exchange.js";
import { fieldValue, type HttpAnswer } from "./http-answer.js";
import { type OcspAnswer, readOcspAnswer } from "./ocsp-answer.js";
import type { RequestParts } from "./request-parts.js";
import type { Target } from "./target.js";

const STATUS_NAMES = [
  "successful",
  "malformedRequest",
  "internalError",
  "tryLater",
  "status 4",
  "sigRequired",
  "unauthorized",
] as const;

export type OcspStatus = Exclude<(typeof STATUS_NAMES)[number], "status 4">;

/** One conversation with the responder: what was asked, what was sent, what came. */
export class Seen {
  /** Final answers, without 100 Continue. */
  readonly answers: readonly HttpAnswer[];
  /** The OCSPResponse in each answer, undefined where there is none that can be read. */
  readonly messages: readonly (OcspAnswer | undefined)[];
  /** Why the first answer's body cannot be read as an OCSPResponse; undefined if it can. */
  readonly unreadable: string | undefined;

  constructor(
    readonly target: Target,
    readonly ask: Ask,
    /** As sent, one a message. */
    readonly sent: readonly Uint8Array[],
    readonly exchange: Exchange,
    /** Connections that came to the bait. */
    readonly baited: number,
  ) {
    this.answers = exchange.answers.filter(({ status }) => status === 0 || status >= 200);
    const read = this.answers.map(({ body }) => readOrReason(body));
    this.messages = read.map((outcome) => (typeof outcome === "string" ? undefined : outcome));
    const [first] = read;
    this.unreadable = typeof first === "string" ? first : undefined;
  }

  /** The first answer; undefined if none came. */
  get http(): HttpAnswer | undefined {
    return this.answers[0];
  }

  get ocsp(): OcspAnswer | undefined {
    return this.messages[0];
  }

  get status(): OcspStatus | "status 4" | undefined {
    return this.ocsp && STATUS_NAMES[this.ocsp.status];
  }

  /** The request as data; undefined where any octets were sent, or a request that edits have broken. */
  get request(): RequestParts | undefined {
    const { request } = this.ask;
    return typeof request === "string" || request.edits !== undefined ? undefined : request;
  }

  /** Value of a field of the first answer, "" when absent. */
  field(name: string): string {
    return this.http === undefined ? "" : fieldValue(this.http, name);
  }

  get isGet(): boolean {
    return this.ask.messages[0]?.startsWith("GET ") === true;
  }

  /** Unix time in seconds when the answer was there. */
  get at(): number {
    return Math.floor(this.exchange.atMs / 1000);
  }

  /** What came, in a few words. */
  get came(): string {
    const { end, answers, rest } = this.exchange;
    const closing = {
      closed: "",
      open: "",
      hang: "then nothing before the deadline",
      flood: "far too much",
      reset: "connection reset",
      refused: "connection refused",
    }[end];
    const nothing =
      answers.length === 0 && rest.length === 0 && end === "closed"
        ? "connection closed without an answer"
        : "";
    const partial =
      answers.length === 0 && rest.length > 0 ? `${rest.length} octets that are no whole answer` : "";
    return [
      ...this.answers.map((answer, i) => answerText(answer, this.messages[i])),
      nothing,
      partial,
      closing,
    ]
      .filter((part) => part !== "")
      .join(", ");
  }
}

function readOrReason(body: Uint8Array): OcspAnswer | string {
  try {
    return readOcspAnswer(body);
  } catch (error) {
    if (error instanceof DerError) return error.message;
    throw error;
  }
}

function answerText(answer: HttpAnswer, message: OcspAnswer | undefined): string {
  if (answer.status === 0) return "bytes that are not HTTP";
  const what = message === undefined ? bodyText(answer) : messageText(message);
  return `HTTP ${answer.status}${what === "" ? "" : ` ${what}`}`;
}

function bodyText(answer: HttpAnswer): string {
  if (answer.body.length === 0) return "";
  return `with ${answer.body.length} octets of ${fieldValue(answer, "content-type") || "no type"}`;
}

function messageText({ status, basic }: OcspAnswer): string {
  const name = STATUS_NAMES[status] ?? `status ${status}`;
  return basic === undefined ? name : `${name}: ${basic.singles.map((single) => single.status).join(" ")}`;
}
