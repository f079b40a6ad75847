import { z } from "zod";
import { ERRORS, type ErrorCode } from "../core/errors.js";

/** What supervisor and responder processes say to each other over Node's IPC channel; checked on arrival. */

/** How long requests under way may take to be answered when a process ends. */
export const DRAIN_MS = 10_000;
/** When nobody takes over, idle connections only get time for a request that is on the way. */
export const STOP_IDLE_MS = 1_000;
/** A call to the token that is out so long may never return: only another process can help. */
export const HUNG_MS = 10_000;
/** Where a process inherits its listening sockets: behind stdin, stdout, stderr and the IPC channel. */
export const LISTEN_FD = { http: 4, https: 5 } as const;

export const orderSchema = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("start"),
    /** The configuration as the supervisor accepted it, not what the file may hold by now. */
    source: z.object({
      file: z.string(),
      text: z.string(),
      tls: z.object({ certificate: z.string(), key: z.string() }).optional(),
    }),
    /** The bound ports. */
    ports: z.object({ http: z.number(), https: z.number().optional() }),
    /** True: LISTEN_FD are the listening sockets. False: connections come one by one as `connection`. */
    inherits: z.boolean(),
  }),
  /** Comes with a socket. */
  z.object({ kind: z.literal("connection"), port: z.enum(["http", "https"]) }),
  /** From now on the process that looks after OCSP keys and their certificates. */
  z.object({ kind: z.literal("enrol") }),
  z.object({ kind: z.literal("report") }),
  /** Stop accepting, answer, end. Idle connections are kept for `idleMs`. */
  z.object({ kind: z.literal("drain"), idleMs: z.number() }),
]);

const isErrorCode = (value: unknown): boolean => typeof value === "string" && Object.hasOwn(ERRORS, value);

const isMetric = (value: unknown): boolean => typeof value === "object" && value !== null && "type" in value;

const reportSchema = z.object({
  /** A usable delegate for every issuer. */
  usable: z.boolean(),
  /** prom-client's metrics as JSON. */
  metrics: z.array(z.custom<{ readonly type: unknown }>(isMetric)),
});

export const noticeSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("ready") }),
  z.object({ kind: z.literal("failed"), code: z.custom<ErrorCode>(isErrorCode), message: z.string() }),
  z.object({ kind: z.literal("report"), report: reportSchema }),
  /** A call to the token has not returned for HUNG_MS; repeated while it is so. */
  z.object({ kind: z.literal("hung") }),
]);

/** Supervisor to process. */
export type Order = z.output<typeof orderSchema>;
/** Which port a connection came in by. */
export type PortName = Extract<Order, { readonly kind: "connection" }>["port"];
/** Process to supervisor. */
export type Notice = z.output<typeof noticeSchema>;
export type Report = z.output<typeof reportSchema>;
