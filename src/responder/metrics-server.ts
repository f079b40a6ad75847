import { createServer, type Server } from "node:http";
import { SekishoError } from "../core/errors.js";

/** What the metrics port shows. */
export interface Observed {
  readonly contentType: string;
  metrics(): Promise<string>;
  isReady(): Promise<boolean>;
}

/** Serves /metrics, /livez and /readyz (DESIGN 6) on an address of its own. Throws PORT_TAKEN. */
export function startMetricsServer(
  { host, port }: { readonly host: string; readonly port: number },
  observed: Observed,
): Promise<Server> {
  const server = createServer((request, response) => {
    const reply = (status: number, text: string, type = "text/plain; charset=utf-8"): void => {
      response.writeHead(status, { "content-type": type }).end(text);
    };
    const failed = (): void => reply(500, "failed\n");
    if (request.url === "/livez") reply(200, "ok\n");
    else if (request.url === "/readyz")
      observed
        .isReady()
        .then(
          (ready) => (ready ? reply(200, "ready\n") : reply(503, "no OCSP delegate is in force yet\n")),
          failed,
        );
    else if (request.url === "/metrics")
      observed.metrics().then((text) => reply(200, text, observed.contentType), failed);
    else reply(404, "no such resource\n");
  });
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const taken = error.code === "EADDRINUSE";
      reject(taken ? new SekishoError("PORT_TAKEN", `${host}:${port} is in use`, { cause: error }) : error);
    });
    server.listen({ host, port, exclusive: true }, () => resolve(server));
  });
}

/** Stops at once: whoever scrapes comes again. */
export function closeMetricsServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
