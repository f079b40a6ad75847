import type { Socket } from "node:net";
import { type Bindings, loadBindings } from "../../native-bindings/binding.js";
import { SekishoError } from "../core/errors.js";
import type { Log } from "../core/log.js";
import { acceptWithAddon } from "./acceptor.js";
import type { HttpHandler, HttpLimits } from "./handler.js";
import { Http1Transport } from "./http1.js";
import { BACKLOG, type Listener } from "./listener.js";
import { listenWithNode, serveAccepted } from "./node-listener.js";
import { type Finding, selfTestUws } from "./self-test.js";
import { type TlsIdentity, TlsLayer } from "./tls.js";
import { UwsTransport } from "./uws.js";
import { loadUws } from "./uws-binary.js";

export type TransportName = "uws" | "http1";

export interface HttpServerOptions {
  /** IPv4 or IPv6 address. */
  readonly host: string;
  /** 0 chooses a free one. */
  readonly port: number;
  /** Absent: host and port are bound here. */
  readonly inherited?: InheritedSocket;
  /** What is wanted: `uws` falls back to `http1` where it cannot be used, and the log says so once. */
  readonly transport: TransportName;
  /** HTTPS with this certificate and key; our own transport serves it, whatever `transport` says. Absent: plain HTTP. */
  readonly tls?: TlsIdentity | undefined;
  readonly limits: HttpLimits;
  readonly handler: HttpHandler;
  readonly log: Log;
  /** The C++ addon; absent: loaded. `undefined` stands for an addon that is missing. */
  readonly bindings?: Bindings | undefined;
}

/**
 * A socket that another process has bound to host and port: its descriptor in this process, or a way to be given the
 * connections that the other process accepts.
 */
export type InheritedSocket =
  | { readonly fd: number }
  | { readonly onConnection: (take: (socket: Socket) => void) => void };

export interface HttpServer {
  readonly port: number;
  /** What serves plain HTTP/1.1. All else is always served by our own transport. */
  readonly transport: TransportName;
  /** Known faults of uWS binaries and whether this one has them; empty with `http1`. */
  readonly findings: readonly Finding[];
  /**
   * Stops accepting and ends when the last connection is closed, or after `drainMs`. A request meanwhile is answered
   * with `Connection: close`; a connection without one is left to its client for `idleMs` (absent: `drainMs`), because
   * closing it could cross its next request.
   */
  close(drainMs: number, idleMs?: number): Promise<void>;
}

/** Starts to serve. Throws SekishoError PORT_TAKEN. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { limits, log } = options;
  const handler = guarded(options.handler, log);
  const fast =
    options.transport === "uws" && options.tls === undefined ? await openUws(options, handler) : undefined;
  const http1 = new Http1Transport(handler, limits);
  const listener = await listenOrExplain(options, () => listen(options, http1, fast)).catch(
    async (error: unknown) => {
      await Promise.all([http1.close(0, 0), fast?.uws.close(0, 0)]);
      throw error;
    },
  );
  return {
    port: listener.port,
    transport: fast === undefined ? "http1" : "uws",
    findings: fast?.findings ?? [],
    close: async (drainMs, idleMs = drainMs) => {
      listener.stop();
      await Promise.all([http1.close(drainMs, idleMs), fast?.uws.close(drainMs, idleMs)]);
    },
  };
}

interface Fast {
  readonly bindings: Bindings;
  readonly uws: UwsTransport;
  readonly findings: readonly Finding[];
}

/** The uWS transport, or undefined where it cannot be used, which is logged. */
async function openUws(options: HttpServerOptions, handler: HttpHandler): Promise<Fast | undefined> {
  const { limits, log } = options;
  const unusable = (reason: string): undefined => {
    log.warn({ reason }, "uWebSockets.js is not used; our own HTTP/1.x transport serves everything, slower");
  };
  const addon =
    "bindings" in options ? { bindings: options.bindings, reason: "no C++ addon" } : loadBindings();
  if (addon.bindings === undefined) return unusable(addon.reason);
  const loaded = loadUws();
  if (loaded.uws === undefined) return unusable(loaded.reason);
  const findings = await selfTestUws(loaded, addon.bindings);
  const uws = UwsTransport.open(loaded, addon.bindings, handler, limits);
  if (uws === undefined) return unusable("connections cannot be handed over to this binary");
  const failed = findings.filter(({ passed }) => !passed).map(({ name }) => name);
  if (failed.length > 0)
    log.info({ failed }, "known faults of this uWebSockets.js binary on later requests of a connection");
  return { bindings: addon.bindings, uws, findings };
}

function listen(
  { host, port, inherited, limits, tls }: HttpServerOptions,
  http1: Http1Transport,
  fast: Fast | undefined,
): Listener | Promise<Listener> {
  const sockets = tls === undefined ? http1 : new TlsLayer(tls, http1, limits);
  if (inherited !== undefined && "onConnection" in inherited)
    return serveAccepted(inherited.onConnection, port, limits, sockets);
  if (fast === undefined) return listenWithNode(inherited ?? { host, port }, limits, sockets);
  const listening =
    inherited === undefined ? fast.bindings.listen(host, port, BACKLOG) : { ...inherited, port };
  return acceptWithAddon(fast.bindings, listening, limits, http1, fast.uws);
}

async function listenOrExplain(
  { host, port }: HttpServerOptions,
  listen: () => Listener | Promise<Listener>,
): Promise<Listener> {
  try {
    return await listen();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    throw new SekishoError("PORT_TAKEN", `${host}:${port} is taken by another process`, { cause: error });
  }
}

/** A handler's own fault costs its request a 500, not the process. */
function guarded(handler: HttpHandler, log: Log): HttpHandler {
  return (request, reply) => {
    try {
      handler(request, reply);
    } catch (error) {
      log.error({ err: error, target: request.target }, "the HTTP handler threw");
      reply.send(500, [["Cache-Control", "no-store"]], new Uint8Array());
    }
  };
}
