import { DerError } from "../asn1/reader.js";
import { SekishoError } from "../core/errors.js";

/** Runs a parser; a DerError becomes DER_INVALID with `what` (for example "certificate") in front. */
export function readDer<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw new SekishoError("DER_INVALID", `${what}: ${error.message}`, { cause: error });
  }
}
