import type { Config } from "../core/config.js";
import type { Log } from "../core/log.js";
import { DEFAULT_HTTP_LIMITS, type HttpHandler } from "../http/handler.js";
import { type HttpServer, type InheritedSocket, startHttpServer } from "../http/server.js";
import type { TlsIdentity } from "../http/tls.js";

/** The sockets that the supervisor has bound, as a process has them. */
export interface Inherited {
  readonly http: InheritedSocket;
  readonly https: (InheritedSocket & { readonly tls: TlsIdentity }) | undefined;
}

/** Serves one handler on both ports. Each peer has its number of connections on each. */
export async function serveInherited(
  { responder }: Config,
  { http, https }: Inherited,
  handler: HttpHandler,
  log: Log,
): Promise<Pick<HttpServer, "transport" | "close">> {
  const common = {
    transport: responder.transport,
    limits: { ...DEFAULT_HTTP_LIMITS, maxConnectionsPerPeer: responder.peerConnections },
    handler,
    log,
  };
  const plain = await startHttpServer({ ...common, ...responder.listen, inherited: http });
  if (https === undefined || responder.tlsListen === undefined) return plain;
  const { tls } = https;
  const secure = await startHttpServer({ ...common, ...responder.tlsListen, inherited: https, tls });
  return {
    transport: plain.transport,
    close: async (drainMs, idleMs) => {
      await Promise.all([plain.close(drainMs, idleMs), secure.close(drainMs, idleMs)]);
    },
  };
}
