import type { Socket } from "node:net";
import { loadBindings } from "../../native-bindings/binding.js";
import { openLog } from "../core/log.js";
import { stopSignal } from "../core/stop-signal.js";
import { acceptConfig } from "./accepted-config.js";
import type { PortName } from "./ipc.js";
import { closeMetricsServer, startMetricsServer } from "./metrics-server.js";
import { bindAll } from "./shared-socket.js";
import { Supervisor } from "./supervisor.js";

/**
 * Runs the responder until SIGINT or SIGTERM: binds the sockets, starts responder processes on them and keeps them there.
 * SIGHUP reads the configuration again. `processes` comes before the configuration's. Throws what keeps it from starting.
 */
export async function runResponder(configFile: string, processes?: number): Promise<void> {
  const log = openLog("responder");
  const { accepted, config } = acceptConfig(configFile, log);
  const { listen, metricsListen } = config.responder;
  const stop = stopSignal();

  const give = (connection: Socket, port: PortName): void => supervisor.give(connection, port);
  const sockets = await bindAll(loadBindings().bindings, config.responder, give);
  const supervisor: Supervisor = new Supervisor(accepted, config, processes, sockets, log);
  // A second signal ends this process at once, and its children with it.
  process.on("exit", () => supervisor.kill());
  const metricsServer = await startMetricsServer(metricsListen, supervisor);
  try {
    const started = supervisor.start();
    let reloads = started;
    process.on("SIGHUP", () => {
      reloads = reloads.then(() => supervisor.reload());
    });
    await started;
    const { http, https } = sockets;
    log.info({ address: listen.host, port: http.port, httpsPort: https?.port }, "responder answers");
    log.info({ signal: await stop }, "responder stops");
  } finally {
    sockets.http.close();
    sockets.https?.close();
    await supervisor.stop();
    await closeMetricsServer(metricsServer);
  }
}
