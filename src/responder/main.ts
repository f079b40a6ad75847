import type { Socket } from "node:net";
import { loadBindings } from "../../native-bindings/binding.js";
import { parseConfig, readConfig } from "../core/config.js";
import { openLog } from "../core/log.js";
import { stopSignal } from "../core/stop-signal.js";
import { closeMetricsServer, startMetricsServer } from "./metrics-server.js";
import { bindShared } from "./shared-socket.js";
import { Supervisor } from "./supervisor.js";

/**
 * Runs the responder until SIGINT or SIGTERM: binds the socket, starts responder processes on it and keeps them there.
 * SIGHUP reads the configuration again. `processes` comes before the configuration's. Throws what keeps it from starting.
 */
export async function runResponder(configFile: string, processes?: number): Promise<void> {
  const source = readConfig(configFile);
  const config = parseConfig(source.text, source.file);
  const { listen, metricsListen } = config.responder;
  const log = openLog("responder");
  const stop = stopSignal();

  const give = (connection: Socket): void => supervisor.give(connection);
  const socket = await bindShared(loadBindings().bindings, listen.host, listen.port, give);
  const supervisor: Supervisor = new Supervisor(source, config, processes, socket, log);
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
    log.info({ address: listen.host, port: socket.port }, "responder answers");
    log.info({ signal: await stop }, "responder stops");
  } finally {
    socket.close();
    await supervisor.stop();
    await closeMetricsServer(metricsServer);
  }
}
