import { Socket } from "node:net";
import type { AcceptorLimits, Bindings, ConnectionKind } from "../../native-bindings/binding.js";
import type { HttpLimits } from "./handler.js";
import type { Http1Transport } from "./http1.js";
import type { Listener } from "./listener.js";
import type { UwsTransport } from "./uws.js";

/** Connections of all peers whose first head is not whole; each costs about 300 bytes here and a descriptor. */
const MAX_WAITING = 16_384;

/**
 * Accepts with the addon: a connection whose first request is plain HTTP/1.1 goes to uWS, every other to our own
 * transport. Owns the listening socket from then on.
 */
export function acceptWithAddon(
  bindings: Bindings,
  listening: { readonly fd: number; readonly port: number },
  limits: HttpLimits,
  http1: Http1Transport,
  uws: UwsTransport,
): Listener {
  const acceptor = new bindings.Acceptor(listening.fd, acceptorLimits(limits), (fd, kind) => {
    if (kind === "plain") uws.adopt(fd);
    else attach(http1, fd, kind);
  });
  return { port: listening.port, stop: () => acceptor.close() };
}

/** The acceptor's share of the transports' bounds. */
export function acceptorLimits(limits: HttpLimits): AcceptorLimits {
  const { maxHeadBytes, maxBodyBytes, headTimeoutMs, maxConnectionsPerPeer } = limits;
  return { maxHeadBytes, maxBodyBytes, headTimeoutMs, maxConnectionsPerPeer, maxWaiting: MAX_WAITING };
}

function attach(http1: Http1Transport, fd: number, kind: ConnectionKind): void {
  const socket = new Socket({ fd, allowHalfOpen: true });
  if (kind === "expired") http1.attachExpired(socket);
  else http1.attach(socket);
}
