import { once } from "node:events";
import net from "node:net";
import type { HttpLimits } from "./handler.js";
import { BACKLOG, type Listener, type SocketServer } from "./listener.js";
import { peerOf, peerOfSocket } from "./peer-text.js";

/**
 * Accepts with node:net, at an address or on a listening descriptor, and has `sockets` serve everything.
 * Throws the system error, such as EADDRINUSE.
 */
export async function listenWithNode(
  at: { readonly host: string; readonly port: number } | { readonly fd: number },
  limits: HttpLimits,
  sockets: SocketServer,
): Promise<Listener> {
  const server = net.createServer({ allowHalfOpen: true }, attaching(limits, sockets));
  server.listen({ ...at, backlog: BACKLOG, exclusive: true });
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not an IP socket");
  return { port: address.port, stop: () => server.close() };
}

/** Serves connections that another process accepts at `port` and hands over, until it stops to do so. */
export function serveAccepted(
  onConnection: (take: (socket: net.Socket) => void) => void,
  port: number,
  limits: HttpLimits,
  sockets: SocketServer,
): Listener {
  const attach = attaching(limits, sockets);
  onConnection((socket) => {
    socket.allowHalfOpen = true;
    attach(socket);
  });
  return { port, stop: () => {} };
}

/** Has sockets served as long as their peer has not too many. */
function attaching(limits: HttpLimits, sockets: SocketServer): (socket: net.Socket) => void {
  const peers = new Map<string, number>();
  return (socket) => {
    const peer = peerOf(peerOfSocket(socket.remoteAddress));
    const open = peers.get(peer) ?? 0;
    if (open >= limits.maxConnectionsPerPeer) {
      socket.destroy();
      return;
    }
    peers.set(peer, open + 1);
    sockets.attach(socket, () => release(peers, peer));
  };
}

function release(peers: Map<string, number>, peer: string): void {
  const left = (peers.get(peer) ?? 1) - 1;
  if (left === 0) peers.delete(peer);
  else peers.set(peer, left);
}
