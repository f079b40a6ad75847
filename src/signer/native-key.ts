import type { KeyObject } from "node:crypto";

/** The addon's key of a class of it; undefined if that does not take the key, or cannot work here. */
export function nativeKey<Key>(
  privateKey: KeyObject,
  Native: (new (pkcs8: Uint8Array) => Key) | undefined,
): Key | undefined {
  if (Native === undefined) return undefined;
  const der = privateKey.export({ type: "pkcs8", format: "der" });
  try {
    return new Native(der);
  } catch {
    return undefined;
  } finally {
    der.fill(0);
  }
}
