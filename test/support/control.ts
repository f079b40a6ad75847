import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { ControlClient } from "../../src/control/client.js";
import type { Refusal, RequestContext } from "../../src/control/connection.js";
import { encodeFrame, FrameDecoder, MAX_REPLY_FRAME } from "../../src/control/frame.js";
import type { ControlOp, ControlRequest, Outcome, ResultOf, Role } from "../../src/control/messages.js";
import {
  decodeHello,
  decodeReply,
  encodeRequest,
  type Hello,
  signRequest,
} from "../../src/control/protocol.js";
import { ControlServer, type ControlServerOptions } from "../../src/control/server.js";
import { tempDir } from "./temp-dir.js";

export const INSTALLATION = "00112233445566778899aabbccddeeff";

export interface TestOperator {
  readonly privateKey: KeyObject;
  readonly publicKey: string;
}

/** A fresh operator key; the public half as the configuration writes it. */
export function testOperator(): TestOperator {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const { x } = publicKey.export({ format: "jwk" });
  return { privateKey, publicKey: Buffer.from(x as string, "base64url").toString("hex") };
}

export const STATUS: ResultOf<"status"> = {
  installation: INSTALLATION,
  production: false,
  started: "2026-01-02T03:04:05Z",
  issuers: [],
  journal: { position: 7, head: "ab".repeat(32) },
};

/** A status request as JSON octets. */
export const statusRequest = (role: Role = "administrator"): Buffer =>
  Buffer.from(JSON.stringify({ op: "status", role, approvals: [] }));

/** A control server with operator `alice` (administrator), and everything that happens to it. */
export async function startControl(t: TestContext, options: Partial<ControlServerOptions> = {}) {
  const operator = testOperator();
  const socket = join(tempDir(t), "control", "issuer.sock");
  const handled: { request: ControlRequest; context: RequestContext }[] = [];
  const refusals = new Waitable<Refusal>();
  const faults: unknown[] = [];
  const server = await ControlServer.start({
    socket,
    installation: INSTALLATION,
    operators: { alice: { publicKey: operator.publicKey, roles: ["administrator"] } },
    handle: async (request, context): Promise<Outcome<ControlOp>> => {
      handled.push({ request, context });
      return { result: STATUS };
    },
    onRefused: async (refusal) => refusals.add(refusal),
    onFault: (error) => faults.push(error),
    ...options,
  });
  t.after(() => server.stop());
  const client = (): Promise<ControlClient> =>
    ControlClient.connect({
      socket,
      installation: INSTALLATION,
      operator: "alice",
      privateKey: operator.privateKey,
    });
  return { server, socket, operator, handled, refusals, faults, client };
}

/** A list whose next element can be awaited. */
export class Waitable<Value> {
  readonly all: Value[] = [];
  readonly #waiting: ((value: Value) => void)[] = [];

  add(value: Value): void {
    this.all.push(value);
    this.#waiting.shift()?.(value);
  }

  /** The next element that is added from now on. */
  next(): Promise<Value> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

/** A peer without manners: sends any octets, reads frames. */
export class RawPeer {
  readonly socket: Socket;
  readonly #payloads: AsyncIterator<Buffer>;

  constructor(path: string) {
    this.socket = connect(path);
    this.socket.on("error", () => {});
    this.#payloads = payloadsOf(this.socket);
  }

  async payload(): Promise<Buffer | undefined> {
    const { value, done } = await this.#payloads.next();
    return done ? undefined : value;
  }

  /** Reads on until the other end has closed. */
  async ended(): Promise<void> {
    while ((await this.payload()) !== undefined);
  }

  async hello(): Promise<Hello> {
    return decodeHello((await this.payload()) as Buffer);
  }

  /** Code of the error that comes next, or "" when a result or nothing comes. */
  async errorCode(): Promise<string> {
    const payload = await this.payload();
    if (payload === undefined) return "";
    const { status, body } = decodeReply(payload);
    return status === "error" ? String(JSON.parse(body.toString()).code) : "";
  }

  sendSigned(
    hello: Hello,
    operator: TestOperator,
    counter: bigint,
    request = statusRequest(),
    name = "alice",
  ): void {
    const signed = signRequest(hello, name, counter, request, operator.privateKey);
    this.socket.write(encodeFrame(encodeRequest(signed)));
  }
}

async function* payloadsOf(socket: Socket): AsyncGenerator<Buffer> {
  const decoder = new FrameDecoder(MAX_REPLY_FRAME);
  try {
    for await (const chunk of socket) yield* decoder.push(chunk);
  } catch {
    // The other end went away: no more payloads.
  }
}
