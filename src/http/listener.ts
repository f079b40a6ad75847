import type { Socket } from "node:net";

/** Connections the kernel completes while the process is busy. The kernel caps it at net.core.somaxconn. */
export const BACKLOG = 4_096;

/** A socket that accepts connections and hands them to a transport. */
export interface Listener {
  readonly port: number;
  /** Stops accepting; connections already handed over go on. */
  stop(): void;
}

/** What serves the sockets that a listener accepts. */
export interface SocketServer {
  /** Serves a socket created with `allowHalfOpen: true`. `onClosed` is called once it is gone. */
  attach(socket: Socket, onClosed?: () => void): void;
}

/** A connection in a transport's care. */
export interface Watched {
  /** Called now and then with a monotonic time. */
  checkDeadline(now: number): void;
  /** Closes with the next answer. */
  drain(): void;
  /** Closes if no request is under way. */
  closeIfIdle(): void;
  destroy(): void;
}
