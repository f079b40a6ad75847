import { pino } from "pino";
import { loadBindings } from "../../native-bindings/binding.js";
import { loadUws } from "../../src/http/uws-binary.js";

export const silentLog = pino({ level: "silent" });

/** Why uWS cannot be tested on this machine, or false. */
export function uwsUnusable(): string | false {
  const addon = loadBindings();
  if (addon.bindings === undefined) return addon.reason;
  const loaded = loadUws();
  return loaded.uws === undefined ? loaded.reason : false;
}
