import { existsSync, lstatSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ALL, crlName, deltaName } from "./scope.js";

const PARTITION_FILE = /^(?:ca|[1-9]\d{0,8})\.crl$/;

/** CRLs of an issuer that are published below a directory, by their names there: complete, delta, then its partitions. */
export function publishedNames(dir: string, issuer: string): string[] {
  const whole = [crlName(issuer, ALL), deltaName(issuer)].filter((name) => existsSync(join(dir, name)));
  return [...whole, ...partitionFiles(join(dir, issuer)).map((name) => `${issuer}/${name}`)];
}

function partitionFiles(dir: string): string[] {
  // Not through a symlink (standards P26).
  if (lstatSync(dir, { throwIfNoEntry: false })?.isDirectory() !== true) return [];
  return readdirSync(dir)
    .filter((name) => PARTITION_FILE.test(name))
    .sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
}
