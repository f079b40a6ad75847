import { once } from "node:events";
import net from "node:net";
import type { HttpLimits } from "./handler.js";
import type { Http1Transport } from "./http1.js";
import { peerOfSocket } from "./peer-text.js";

/** A socket that accepts connections and hands them to a transport. */
export interface Listener {
  readonly port: number;
  /** Stops accepting; connections already handed over go on. */
  stop(): void;
}

/** Accepts with node:net and serves everything over our own transport. Throws the system error, such as EADDRINUSE. */
export async function listenWithNode(
  host: string,
  port: number,
  limits: HttpLimits,
  transport: Http1Transport,
): Promise<Listener> {
  const peers = new Map<string, number>();
  const server = net.createServer({ allowHalfOpen: true }, (socket) => {
    const peer = peerOfSocket(socket.remoteAddress);
    const open = peers.get(peer) ?? 0;
    if (open >= limits.maxConnectionsPerPeer) {
      socket.destroy();
      return;
    }
    peers.set(peer, open + 1);
    transport.attach(socket, () => release(peers, peer));
  });
  server.listen({ host, port, exclusive: true });
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("not an IP socket");
  return { port: address.port, stop: () => server.close() };
}

function release(peers: Map<string, number>, peer: string): void {
  const left = (peers.get(peer) ?? 1) - 1;
  if (left === 0) peers.delete(peer);
  else peers.set(peer, left);
}
