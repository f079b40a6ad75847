import { AsnConvert } from "@peculiar/asn1-schema";
import { assertStrictDer } from "../asn1/strict-der.js";
import { SekishoError } from "../core/errors.js";
import { readDer } from "./read-der.js";

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
