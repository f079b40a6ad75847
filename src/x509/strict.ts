import { AsnConvert } from "@peculiar/asn1-schema";
import { DerError } from "../asn1/reader.js";
import { assertStrictDer } from "../asn1/strict-der.js";
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

/**
 * Parses foreign bytes with the library's type, which accepts BER, only after the strict walk. Throws DER_INVALID.
 * The library's own messages are not passed on: they quote the input.
 */
export function parseStrictly<T>(what: string, der: Uint8Array, type: new () => T): T {
  readDer(what, () => assertStrictDer(der));
  try {
    return AsnConvert.parse(der, type);
  } catch (error) {
    throw new SekishoError("DER_INVALID", `${what}: not of the expected structure`, { cause: error });
  }
}

/** DER of a library object. */
export function serialize(value: unknown): Uint8Array {
  return new Uint8Array(AsnConvert.serialize(value));
}
