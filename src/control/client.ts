import type { KeyObject } from "node:crypto";
import { createConnection, type Socket } from "node:net";
import type { z } from "zod";
import { SekishoError } from "../core/errors.js";
import { encodeFrame, FrameDecoder, MAX_REPLY_FRAME } from "./frame.js";
import {
  type ControlOp,
  errorReplySchema,
  filedSchema,
  type Outcome,
  type RequestOf,
  resultSchemas,
} from "./messages.js";
import {
  decodeHello,
  decodeReply,
  encodeRequest,
  type Hello,
  parseJson,
  type Reply,
  signRequest,
} from "./protocol.js";

export interface ControlClientOptions {
  /** Path of the issuer's unix socket. */
  readonly socket: string;
  /** Identity of the installation, 16 octets in hexadecimal: nothing is signed for another one. */
  readonly installation: string;
  readonly operator: string;
  /** The operator's Ed25519 key. */
  readonly privateKey: KeyObject;
  /** Longest wait for the issuer's hello, in ms. */
  readonly helloMs?: number;
}

interface Waiting {
  resolve(reply: Reply): void;
  reject(error: SekishoError): void;
}

/** An operator's end of the control protocol. Requests may be sent without waiting; replies come in their order. */
export class ControlClient {
  readonly #socket: Socket;
  readonly #options: ControlClientOptions;
  readonly #decoder = new FrameDecoder(MAX_REPLY_FRAME);
  readonly #waiting: Waiting[] = [];
  readonly #hello: Promise<Hello>;
  #nextCounter = 1n;
  #dueCounter = 1n;
  #failure: SekishoError | undefined;

  private constructor(options: ControlClientOptions) {
    this.#options = options;
    this.#socket = createConnection(options.socket);
    this.#hello = this.#readAll();
  }

  /** Throws CONTROL_UNREACHABLE, or CONTROL_PROTOCOL if the peer is not this installation's issuer. */
  static async connect(options: ControlClientOptions): Promise<ControlClient> {
    const client = new ControlClient(options);
    const { installation } = await client.#hello;
    if (Buffer.from(installation).toString("hex") === options.installation) return client;
    client.close();
    throw new SekishoError("CONTROL_PROTOCOL", `${options.socket}: the issuer serves another installation`);
  }

  /** Sends one request. Throws what the issuer answers, CONTROL_UNREACHABLE if it goes away, CONTROL_PROTOCOL. */
  async request<Op extends ControlOp>(request: RequestOf<Op> & { readonly op: Op }): Promise<Outcome<Op>> {
    const hello = await this.#hello;
    if (this.#failure !== undefined) throw this.#failure;
    const { operator, privateKey } = this.#options;
    const body = Buffer.from(JSON.stringify(request), "utf8");
    const counter = this.#nextCounter;
    const frame = encodeFrame(encodeRequest(signRequest(hello, operator, counter, body, privateKey)));
    this.#nextCounter++;
    const reply = await new Promise<Reply>((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#socket.write(frame);
    });
    return readOutcome(request.op, reply);
  }

  /** Ends the connection; requests still waiting fail with CONTROL_UNREACHABLE. */
  close(): void {
    this.#socket.destroy();
  }

  /** Starts reading; resolves with the hello, after which frames are replies. */
  #readAll(): Promise<Hello> {
    return new Promise((resolve, reject) => {
      const { socket, helloMs = 10_000 } = this.#options;
      const onHello = (payload: Buffer): void => {
        this.#socket.setTimeout(0);
        resolve(decodeHello(payload));
        onPayload = (reply) => this.#onReply(decodeReply(reply));
      };
      let onPayload = onHello;
      const fail = (error: SekishoError): void => {
        reject(error);
        this.#fail(error);
      };
      const unreachable = (why: string): SekishoError =>
        new SekishoError("CONTROL_UNREACHABLE", `${socket}: ${why}`);
      this.#socket.setTimeout(helloMs, () => fail(unreachable("no answer")));
      this.#socket.on("data", (chunk) => {
        try {
          for (const payload of this.#decoder.push(chunk)) onPayload(payload);
        } catch (error) {
          fail(protocolError(error));
        }
      });
      this.#socket.on("error", (error: NodeJS.ErrnoException) => fail(unreachable(error.code ?? "failed")));
      this.#socket.on("close", () => fail(unreachable("the issuer closed the connection")));
    });
  }

  #onReply(reply: Reply): void {
    // Counter 0: the issuer could not even read the envelope.
    const inOrder = reply.counter === this.#dueCounter || (reply.status === "error" && reply.counter === 0n);
    const waiting = inOrder ? this.#waiting.shift() : undefined;
    if (waiting === undefined) throw new SekishoError("CONTROL_PROTOCOL", "a reply to no request");
    this.#dueCounter++;
    waiting.resolve(reply);
  }

  #fail(error: SekishoError): void {
    this.#failure ??= error;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(this.#failure);
    this.#socket.destroy();
  }
}

/** Reads a reply as what its operation answers. Throws the issuer's error, or CONTROL_PROTOCOL. */
function readOutcome<Op extends ControlOp>(op: Op, { status, body }: Reply): Outcome<Op> {
  const value = parseJson(body);
  if (status === "result") return { result: checked(resultSchemas[op], value) };
  if (status === "filed") return { filed: checked(filedSchema, value) };
  const { code, message } = checked(errorReplySchema, value);
  throw new SekishoError(code, message);
}

function checked<Value>(schema: z.ZodType<Value>, value: unknown): Value {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new SekishoError("CONTROL_PROTOCOL", `reply: ${issue?.path.join(".")}: ${issue?.message}`);
}

function protocolError(error: unknown): SekishoError {
  if (error instanceof SekishoError) return error;
  return new SekishoError("CONTROL_PROTOCOL", "the issuer's bytes cannot be read", { cause: error });
}
