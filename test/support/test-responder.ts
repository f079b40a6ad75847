import type { Clock } from "../../src/core/clock.js";
import type { HttpHandler, HttpReply, HttpRequest } from "../../src/http/handler.js";
import { PeerBudget } from "../../src/http/peer-budget.js";
import { admit } from "../../src/responder/admission.js";
import { Batcher, type RunBatch } from "../../src/responder/batcher.js";
import { Frontend } from "../../src/responder/frontend.js";
import { JournalFollower } from "../../src/responder/journal-follower.js";
import { type CachedAnswer, ResponseCache } from "../../src/responder/response-cache.js";
import { Trust } from "../../src/responder/trust.js";
import { workerOf } from "./batch.js";
import { type Installation, silent } from "./installation.js";

/** What a handler sent. */
export interface Sent {
  readonly status: number;
  readonly fields: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface Asked {
  readonly method: string;
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** Address of the client. */
  readonly peer?: string;
}

/** Passes one request to a handler as a transport does: body and header fields are gone when the call returns. */
export function send(
  handler: HttpHandler,
  { method, target, headers = {}, body, peer = "test" }: Asked,
): Promise<Sent> {
  return new Promise((resolve) => {
    let live = true;
    const buffer = Buffer.from(body ?? []);
    const request: HttpRequest = {
      method,
      target,
      body: buffer,
      peer,
      header: (name) => (live ? (headers[name] ?? "") : "gone"),
    };
    const reply: HttpReply = {
      aborted: false,
      send: (status, fields, bytes) =>
        resolve({ status, fields: Object.fromEntries(fields), body: Buffer.from(bytes) }),
      sendFile: (status, fields, range) => {
        const bytes = Buffer.alloc(method === "HEAD" ? 0 : range.length);
        const isRead = bytes.length === 0 || range.read(bytes, 0);
        range.close();
        resolve({ status: isRead ? status : 500, fields: Object.fromEntries(fields), body: bytes });
      },
    };
    handler(request, reply);
    live = false;
    buffer.fill(0xff);
  });
}

export interface TestResponderOptions {
  readonly clock?: Clock;
  readonly run?: RunBatch;
  readonly repository?: HttpHandler;
  readonly maxWaiting?: number;
  readonly peerWaiting?: number;
  /** Reads the journal's position. */
  readonly position?: () => number;
  /** Of another responder, to go on with. */
  readonly cache?: ResponseCache;
}

/** A whole front end on a real store, with its worker in this thread. */
export class TestResponder {
  readonly cache: ResponseCache;
  /** Outcomes as metrics count them. */
  readonly counted: string[] = [];
  readonly frontend: Frontend;
  onKept: (key: string, answer: CachedAnswer) => void = () => {};

  constructor(installation: Installation, options: TestResponderOptions = {}) {
    const { context } = installation;
    this.cache = options.cache ?? new ResponseCache(1_000);
    const { clock = context.clock, run = workerOf(installation, clock) } = options;
    const { reader } = context.status;
    const most = options.maxWaiting ?? 100;
    const trust = new Trust(reader, installation.config, installation.keyStore, silent);
    const follower = new JournalFollower(
      reader,
      options.position ?? (() => reader.head().position),
      this.cache,
    );
    const batcher = new Batcher(
      run,
      { workers: 1, maxWaiting: { known: most, nonce: most, unknown: most, refresh: most } },
      () => undefined,
    );
    const repository = options.repository ?? ((_, reply) => reply.send(404, [], Buffer.from("repository")));
    this.frontend = new Frontend(
      this.cache,
      follower,
      (request) => admit(request, trust, reader, follower.position, installation.config.responder.maxCertIds),
      batcher,
      new PeerBudget(options.peerWaiting ?? 100),
      repository,
      clock,
      {
        answered: (method, outcome) => this.counted.push(`${method} ${outcome}`),
        kept: (key, answer) => this.onKept(key, answer),
      },
    );
  }

  readonly send = (asked: Asked): Promise<Sent> => send(this.frontend.handle, asked);

  get(target: string, headers: Readonly<Record<string, string>> = {}): Promise<Sent> {
    return this.send({ method: "GET", target, headers });
  }

  post(body: Uint8Array, headers: Readonly<Record<string, string>> = {}): Promise<Sent> {
    return this.send({ method: "POST", target: "/ocsp", headers, body });
  }
}

/** Target of an OCSP GET, escaped as openssl and browsers do. */
export function getTarget(request: Buffer): string {
  return `/ocsp/${encodeURIComponent(request.toString("base64"))}`;
}
