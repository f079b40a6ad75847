import type { Socket } from "node:net";
import type { HttpHandler, HttpLimits } from "./handler.js";
import { Http1Connection } from "./http1-connection.js";

/** Deadlines are looked at this often: one timer serves all connections. */
const LONGEST_CHECK_MS = 500;

/** Our own strict HTTP/1.0 and 1.1 transport over node:net or node:tls sockets that somebody else accepts. */
export class Http1Transport {
  readonly #handler: HttpHandler;
  readonly #limits: HttpLimits;
  readonly #connections = new Set<Http1Connection>();
  readonly #checks: NodeJS.Timeout;
  #onEmpty: (() => void) | undefined;

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

  /** Closes idle connections, lets requests under way finish for `drainMs`, then cuts the rest. */
  async close(drainMs: number): Promise<void> {
    const emptied = new Promise<void>((resolve) => {
      this.#onEmpty = resolve;
    });
    for (const connection of this.#connections) connection.drain();
    if (this.#connections.size > 0) {
      const cut = setTimeout(() => this.#destroyAll(), drainMs);
      await emptied;
      clearTimeout(cut);
    }
    clearInterval(this.#checks);
  }

  #attach(socket: Socket, onClosed?: () => void): Http1Connection {
    const connection = new Http1Connection(socket, this.#handler, this.#limits, () => {
      this.#connections.delete(connection);
      onClosed?.();
      if (this.#connections.size === 0) this.#onEmpty?.();
    });
    this.#connections.add(connection);
    return connection;
  }

  #checkDeadlines(): void {
    const now = performance.now();
    for (const connection of this.#connections) connection.checkDeadline(now);
  }

  #destroyAll(): void {
    for (const connection of this.#connections) connection.destroy();
  }
}
