import type { CrlExtensions } from "../../crl/parsed-extensions.js";

/** Whether the extension is critical; undefined if it is absent. */
export function criticalityOf({ list }: CrlExtensions, oid: string): boolean | undefined {
  return list.find((extension) => extension.oid === oid)?.critical;
}
