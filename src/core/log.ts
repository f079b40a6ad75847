import { pino } from "pino";

/** Structured log (JSON lines on stderr). Never log a PIN, key or request body. */
export type Log = pino.Logger;

/** Opens the process's log; `name` is the process role (issuer, responder, worker). */
export function openLog(name: string): Log {
  const level = process.env.SEKISHO_LOG ?? "info";
  return pino({ name, level, base: { pid: process.pid } }, pino.destination({ dest: 2, sync: true }));
}
