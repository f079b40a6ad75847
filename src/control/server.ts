import { createServer, type Server, type Socket } from "node:net";
import { type ConnectionParts, ControlConnection, type ControlLimits } from "./connection.js";
import type { Role } from "./messages.js";
import { operatorPublicKey } from "./protocol.js";
import { listenOnSocket } from "./socket-path.js";
import type { OperatorKey } from "./verify-request.js";

export interface ControlServerOptions extends Pick<ConnectionParts, "handle" | "onRefused" | "onFault"> {
  /** Path of the unix socket; its directory is created with mode 0700. */
  readonly socket: string;
  /** Identity of the installation, 16 octets in hexadecimal. */
  readonly installation: string;
  /** Operators by name: Ed25519 public key (hexadecimal) and roles. */
  readonly operators: Readonly<
    Record<string, { readonly publicKey: string; readonly roles: readonly Role[] }>
  >;
  readonly limits?: Partial<ControlLimits>;
}

const DEFAULT_LIMITS: ControlLimits = { maxConnections: 32, idleMs: 300_000, frameMs: 10_000 };

/** The issuer's end of the control protocol. */
export class ControlServer {
  readonly #server: Server;
  readonly #connections = new Set<ControlConnection>();
  readonly #parts: ConnectionParts;

  private constructor(options: ControlServerOptions) {
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.#parts = {
      installation: Buffer.from(options.installation, "hex"),
      operators: operatorKeys(options.operators),
      handle: (request, context) => options.handle(request, context),
      onRefused: (refusal) => options.onRefused(refusal),
      onFault: (error) => options.onFault(error),
      limits,
    };
    this.#server = createServer((socket) => this.#accept(socket));
    this.#server.maxConnections = limits.maxConnections;
  }

  /** Binds the socket. Throws INSTANCE_RUNNING or FILE_ACCESS. */
  static async start(options: ControlServerOptions): Promise<ControlServer> {
    const server = new ControlServer(options);
    await listenOnSocket(server.#server, options.socket);
    server.#server.on("error", (error) => options.onFault(error));
    return server;
  }

  /** Takes no more connections, lets the requests under way be answered, closes and removes the socket. */
  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await Promise.all([...this.#connections].map((connection) => connection.stop()));
    await closed;
  }

  #accept(socket: Socket): void {
    const connection = new ControlConnection(socket, this.#parts);
    this.#connections.add(connection);
    socket.once("close", () => this.#connections.delete(connection));
    connection.run().catch((error: unknown) => this.#parts.onFault(error));
  }
}

function operatorKeys(operators: ControlServerOptions["operators"]): Map<string, OperatorKey> {
  return new Map(
    Object.entries(operators).map(([name, { publicKey, roles }]) => [
      name,
      { publicKey: operatorPublicKey(publicKey), roles },
    ]),
  );
}
