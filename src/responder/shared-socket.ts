import { closeSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import type { Bindings } from "../../native-bindings/binding.js";
import type { Config } from "../core/config.js";
import { SekishoError } from "../core/errors.js";
import { BACKLOG } from "../http/listener.js";
import type { PortName } from "./ipc.js";

/** A listening socket of all responder processes, bound once, without SO_REUSEPORT. */
export interface SharedSocket {
  readonly port: number;
  /** Descriptor for the processes to inherit; undefined: `give` gets what is accepted here. */
  readonly fd: number | undefined;
  /** Lets go of the socket; processes that inherited it still have it. */
  close(): void;
}

/** What all responder processes listen on. */
export type SharedSockets = Readonly<
  Record<"http", SharedSocket> & Record<"https", SharedSocket | undefined>
>;

/** Binds the configured ports. `give` gets what is accepted here. Throws PORT_TAKEN. */
export async function bindAll(
  bindings: Bindings | undefined,
  { listen, tlsListen }: Pick<Config["responder"], "listen" | "tlsListen">,
  give: (socket: Socket, port: PortName) => void,
): Promise<SharedSockets> {
  const http = await bindShared(bindings, listen.host, listen.port, (socket) => give(socket, "http"));
  if (tlsListen === undefined) return { http, https: undefined };
  try {
    const { host, port } = tlsListen;
    return { http, https: await bindShared(bindings, host, port, (socket) => give(socket, "https")) };
  } catch (error) {
    http.close();
    throw error;
  }
}

/**
 * Binds host and port. With the addon the socket is a descriptor that this process never accepts on: processes inherit
 * it, and what connects while none is there waits in the kernel. node:net cannot listen without accepting, so without
 * the addon connections are accepted here, unread, and given away. Throws PORT_TAKEN.
 */
async function bindShared(
  bindings: Bindings | undefined,
  host: string,
  port: number,
  give: (socket: Socket) => void,
): Promise<SharedSocket> {
  try {
    return bindings === undefined
      ? await acceptHere(host, port, give)
      : descriptor(bindings.listen(host, port, BACKLOG));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EADDRINUSE") throw error;
    throw new SekishoError("PORT_TAKEN", `${host}:${port} is taken by another process`, { cause: error });
  }
}

function descriptor({ fd, port }: { readonly fd: number; readonly port: number }): SharedSocket {
  return { fd, port, close: () => closeSync(fd) };
}

function acceptHere(host: string, port: number, give: (socket: Socket) => void): Promise<SharedSocket> {
  const server = createServer({ pauseOnConnect: true }, give);
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, backlog: BACKLOG, exclusive: true }, () => {
      const address = server.address();
      const bound = typeof address === "object" && address !== null ? address.port : port;
      resolve({ fd: undefined, port: bound, close: () => server.close() });
    });
  });
}
