import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ALL, crlName, deltaName } from "./scope.js";

/** CRLs of an issuer that are published below a directory, by their names there: complete, delta, then its partitions. */
export function publishedNames(dir: string, issuer: string): string[] {
  const whole = [crlName(issuer, ALL), deltaName(issuer)].filter((name) => existsSync(join(dir, name)));
  const parts = existsSync(join(dir, issuer)) ? readdirSync(join(dir, issuer)) : [];
  return [
    ...whole,
    ...parts
      .filter((name) => name.endsWith(".crl"))
      .sort((a, b) => a.localeCompare(b, "en", { numeric: true }))
      .map((name) => `${issuer}/${name}`),
  ];
}
