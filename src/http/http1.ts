import type { Socket } from "node:net";
import type { HttpHandler, HttpLimits } from "./handler.js";
import { Http1Connection } from "./http1-connection.js";
import type { SocketServer, Watched } from "./listener.js";

/** Deadlines are looked at this often: one timer serves all connections. */
const LONGEST_CHECK_MS = 500;

/** Our own strict HTTP/1.0 and 1.1 transport over node:net or node:tls sockets that somebody else accepts. */
export class Http1Transport implements SocketServer {
  readonly #handler: HttpHandler;
  readonly #limits: HttpLimits;
  readonly #connections = new Set<Watched>();
  readonly #checks: NodeJS.Timeout;
  #onEmpty: (() => void) | undefined;
  #draining = false;

  constructor(handler: HttpHandler, limits: HttpLimits) {
    this.#handler = handler;
    this.#limits = limits;
    const shortest = Math.min(limits.headTimeoutMs, limits.bodyTimeoutMs, limits.idleTimeoutMs);
    this.#checks = setInterval(() => this.#checkDeadlines(), Math.min(LONGEST_CHECK_MS, shortest / 4));
    this.#checks.unref();
  }

  /** Serves a socket created with `allowHalfOpen: true`. `onClosed` is called once it is gone. */
  attach(socket: Socket, onClosed?: () => void): void {
    this.#attach(socket, onClosed);
  }

  /** Answers 408 to a socket whose request head did not become whole in time, and closes it. */
  attachExpired(socket: Socket): void {
    this.#attach(socket).expire();
  }

  /** Looks after a connection that does not speak HTTP yet: deadlines, and `close` waits for it. Returns what ends that. */
  watch(connection: Watched): () => void {
    this.#connections.add(connection);
    return () => this.#forget(connection);
  }

  /**
   * Closes each connection with its next answer; after `idleMs` also those without a request, after `drainMs` all.
   * Resolves once none is left.
   */
  async close(drainMs: number, idleMs: number): Promise<void> {
    const emptied = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    this.#draining = true;
    for (const connection of this.#connections) connection.drain();
    if (this.#connections.size > 0) {
      const idle = setTimeout(() => this.#closeIdle(), idleMs);
      const cut = setTimeout(() => this.#destroyAll(), drainMs);
      await emptied;
      clearTimeout(idle);
      clearTimeout(cut);
    }
    clearInterval(this.#checks);
  }

  #attach(socket: Socket, onClosed?: () => void): Http1Connection {
    const connection = new Http1Connection(socket, this.#handler, this.#limits, () => {
      this.#forget(connection);
      onClosed?.();
    });
    this.#connections.add(connection);
    if (this.#draining) connection.drain();
    return connection;
  }

  #forget(connection: Watched): void {
    if (this.#connections.delete(connection) && this.#connections.size === 0) this.#onEmpty?.();
  }

  #checkDeadlines(): void {
    const now = performance.now();
    for (const connection of this.#connections) connection.checkDeadline(now);
  }

  #closeIdle(): void {
    for (const connection of this.#connections) connection.closeIfIdle();
  }

  #destroyAll(): void {
    for (const connection of this.#connections) connection.destroy();
  }
}
