import { Socket } from "node:net";
import { parseConfig } from "../core/config.js";
import { errorLine, toSekishoError } from "../core/errors.js";
import { openLog } from "../core/log.js";
import { stopSignal } from "../core/stop-signal.js";
import type { InheritedSocket } from "../http/server.js";
import {
  DRAIN_MS,
  HUNG_MS,
  LISTEN_FD,
  type Notice,
  type Order,
  orderSchema,
  type PortName,
  STOP_IDLE_MS,
} from "./ipc.js";
import type { Inherited } from "./listeners.js";
import { type ResponderService, startService } from "./service.js";

/**
 * A responder process, forked by the supervisor. It serves until it is told to drain, by the supervisor or a signal,
 * or until the supervisor is gone.
 */

type StartOrder = Extract<Order, { readonly kind: "start" }>;

// A terminal that closes tells the whole process group; only the supervisor reloads or stops.
process.on("SIGHUP", () => {});
const log = openLog("responder-process");
const drain = drainOrder();
onOrder("start", (order) => void run(order));

async function run(order: StartOrder): Promise<void> {
  try {
    const { file, text } = order.source;
    const service = await startService(parseConfig(text, file), inherited(order), log);
    obey(service);
    await tell({ kind: "ready" });
    const idleMs = await drain;
    log.info("responder process drains");
    const report = await service.stop(DRAIN_MS, idleMs);
    await tell({ kind: "report", report });
    process.exit(0);
  } catch (error) {
    const { code, message } = toSekishoError(error);
    log.error({ err: error }, errorLine(error));
    await tell({ kind: "failed", code, message });
    // Not an exit: that waits for a thread whose call to the token does not return.
    process.kill(process.pid, "SIGKILL");
  }
}

function obey(service: ResponderService): void {
  setInterval(() => {
    if (service.hungMs() >= HUNG_MS) void tell({ kind: "hung" });
  }, HUNG_MS / 4).unref();
  onOrder("enrol", () => service.enrol());
  onOrder("report", () => {
    service
      .report()
      .then((report) => tell({ kind: "report", report }))
      .catch((err) => log.error({ err }, "a report failed"));
  });
}

/** How long idle connections are kept, once something says that the process shall end. */
function drainOrder(): Promise<number> {
  return new Promise((resolve) => {
    onOrder("drain", ({ idleMs }) => resolve(idleMs));
    process.once("disconnect", () => resolve(STOP_IDLE_MS));
    void stopSignal().then(() => resolve(STOP_IDLE_MS));
  });
}

function inherited({ source: { tls }, ports, inherits }: StartOrder): Inherited {
  const socket = (port: PortName): InheritedSocket => (inherits ? { fd: LISTEN_FD[port] } : given(port));
  const https = tls === undefined || ports.https === undefined ? undefined : { ...socket("https"), tls };
  return { http: socket("http"), https };
}

/** Connections of one port that the supervisor accepts. */
function given(port: PortName): InheritedSocket {
  return {
    onConnection: (take) =>
      onOrder("connection", (order, handle) => {
        // Absent when the peer has gone on the way.
        if (order.port === port && handle instanceof Socket) take(handle);
      }),
  };
}

function onOrder<Kind extends Order["kind"]>(
  kind: Kind,
  act: (order: Extract<Order, { readonly kind: Kind }>, handle: unknown) => void,
): void {
  const isKind = (order: Order): order is Extract<Order, { readonly kind: Kind }> => order.kind === kind;
  process.on("message", (message, handle) => {
    const order = orderSchema.parse(message);
    if (isKind(order)) act(order, handle);
  });
}

/** Resolves once the message is on its way, or if nobody is left to hear it. */
function tell(notice: Notice): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(notice, () => resolve());
    else resolve();
  });
}
