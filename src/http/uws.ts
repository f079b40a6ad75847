import type {
  HttpResponse,
  HttpRequest as NativeRequest,
  TemplatedApp,
  us_listen_socket,
} from "uWebSockets.js";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bindings } from "../../native-bindings/binding.js";
import { FAULT_FIELDS, statusText } from "./answer.js";
import type { HttpHandler, HttpLimits } from "./handler.js";
import type { LoadedUws } from "./uws-binary.js";
import { readBody } from "./uws-body.js";
import { type Draining, UwsReply } from "./uws-reply.js";
import { UwsBodyRequest, UwsRequest } from "./uws-request.js";

type Loaded = Extract<LoadedUws, { readonly file: string }>;

/** How often transfers that stand still are tried again: well within the 10 s that uWS gives them. */
const RETRY_MS = 4_000;
/** How often a drain looks whether its connections are closed, in milliseconds. */
const DRAIN_CHECK_MS = 10;

/**
 * The uWebSockets.js transport: serves connections that the acceptor hands over once their first request head has been
 * found plain. uWS keeps two deadlines of its own, neither adjustable: about 10 s for an idle connection and for a body
 * that stalls; files are kept from it by trying again (UwsTransfer). It adds the fields Date and uWebSockets to every answer.
 */
export class UwsTransport {
  readonly #app: TemplatedApp;
  readonly #adopt: (fd: number) => void;
  readonly #draining: Draining = { now: false, inFlight: 0, transfers: new Set() };
  readonly #retries: NodeJS.Timeout;
  #connections = 0;

  private constructor(app: TemplatedApp, adopt: (fd: number) => void, { idleTimeoutMs }: HttpLimits) {
    this.#app = app;
    this.#adopt = adopt;
    const everyMs = Math.min(RETRY_MS, idleTimeoutMs / 4);
    this.#retries = setInterval(() => this.#retry(idleTimeoutMs), everyMs);
    this.#retries.unref();
  }

  /** Sets the transport up; undefined if connections cannot be handed to this binary. */
  static open(
    { uws, file }: Loaded,
    bindings: Bindings,
    handler: HttpHandler,
    limits: HttpLimits,
  ): UwsTransport | undefined {
    const app = uws.App();
    const adopt = adoption(app, bindings, file);
    if (adopt === undefined) return undefined;
    const transport = new UwsTransport(app, adopt, limits);
    app.filter((_, change) => transport.#countConnection(Number(change)));
    // Routes of their own, because asking uWS for the method costs a call.
    app.get("/*", (response, request) => transport.#serveBodyless("GET", response, request, handler));
    app.post("/*", (response, request) => transport.#serve("POST", response, request, handler, limits));
    app.any("/*", (response, request) => {
      const method = request.getCaseSensitiveMethod();
      if (method === "HEAD") transport.#serveBodyless(method, response, request, handler);
      else transport.#serve(method, response, request, handler, limits);
    });
    return transport;
  }

  /** Takes over an accepted connection of which no byte has been consumed. */
  adopt(fd: number): void {
    this.#adopt(fd);
  }

  /**
   * Closes each connection with its next answer; after `idleMs` also those without a request, after `drainMs` all.
   * Resolves once none is left.
   */
  async close(drainMs: number, idleMs: number): Promise<void> {
    this.#draining.now = true;
    const start = performance.now();
    while (this.#mayWait(performance.now() - start, drainMs, idleMs))
      await new Promise((resolve) => setTimeout(resolve, DRAIN_CHECK_MS));
    this.#app.close();
    clearInterval(this.#retries);
  }

  #mayWait(elapsedMs: number, drainMs: number, idleMs: number): boolean {
    if (this.#connections === 0 || elapsedMs >= drainMs) return false;
    return elapsedMs < idleMs || this.#draining.inFlight > 0;
  }

  /** 1 for a new connection, -1 for one that is gone. */
  #countConnection(change: number): void {
    this.#connections += change;
  }

  #retry(mostMs: number): void {
    const now = performance.now();
    for (const transfer of this.#draining.transfers) transfer.retry(now, mostMs);
  }

  /** GET and HEAD. A body here has no meaning (RFC 9110 9.3.1); uWS reads past it. */
  #serveBodyless(
    method: "GET" | "HEAD",
    response: HttpResponse,
    request: NativeRequest,
    handler: HttpHandler,
  ): void {
    const reply = new UwsReply(response, method === "HEAD", this.#draining);
    const bodyless = new UwsRequest(method, request, response);
    handler(bodyless, reply);
    bodyless.expire();
    reply.leaveRoute();
  }

  #serve(
    method: string,
    response: HttpResponse,
    request: NativeRequest,
    handler: HttpHandler,
    limits: HttpLimits,
  ): void {
    const reply = new UwsReply(response, false, this.#draining);
    const awaiting = new UwsBodyRequest(method, request, response);
    // The binary itself refuses what is no number, a list of lengths and a length beside a transfer coding (standards P18); of
    // two fields it reads the first, which the self-test reports.
    const declared = Number(request.getHeader("content-length"));
    reply.leaveRoute();
    if (declared > limits.maxBodyBytes) {
      refuse(reply, 413);
      return;
    }
    readBody(response, limits.maxBodyBytes, (body) => {
      if (body === undefined) return refuse(reply, 413);
      awaiting.body = body;
      reply.within(() => handler(awaiting, reply));
    });
  }
}

function refuse(reply: UwsReply, status: number): void {
  reply.refuse(status, FAULT_FIELDS, Buffer.from(`${statusText(status)}\n`));
}

/** The way to hand over connections: the binary's own where it has one, else the addon's with the C functions it exports. */
function adoption(app: TemplatedApp, bindings: Bindings, file: string): ((fd: number) => void) | undefined {
  if ("adoptSocket" in app && typeof app.adoptSocket === "function") {
    const adoptSocket = app.adoptSocket;
    return (fd) => adoptSocket.call(app, fd);
  }
  if (!bindings.findAdoption(file)) return undefined;
  const listenSocket = privateListenSocket(app);
  return listenSocket === undefined ? undefined : (fd) => bindings.adopt(listenSocket, fd);
}

/** A listening socket that nobody can reach: the exported C functions find the app's context through one. */
function privateListenSocket(app: TemplatedApp): us_listen_socket | undefined {
  const dir = mkdtempSync(join(tmpdir(), "sekisho-uws-"));
  let socket: us_listen_socket | false | undefined;
  try {
    app.listen_unix(
      (opened) => {
        socket = opened;
      },
      join(dir, "socket"),
    );
  } finally {
    rmSync(dir, { recursive: true });
  }
  return socket || undefined;
}
