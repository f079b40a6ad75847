import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository; this file runs from dist/bench/signing. */
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const SOURCE = join(ROOT, "bench", "signing", "token-loop.c");
const ADDON = join(ROOT, "dist", "bench", "signing", "token-loop.node");

/** See token-loop.c. */
export type SignLoop = (
  module: string,
  slot: Buffer,
  identifier: Buffer,
  mechanism: number,
  input: Buffer,
  signatureOctets: number,
  sessions: number,
  milliseconds: number,
) => number;

/** The C control, compiled if it is not or its source is newer. Needs `cc` and Node's headers. */
export function signLoop(): SignLoop {
  if (!existsSync(ADDON) || statSync(ADDON).mtimeMs < statSync(SOURCE).mtimeMs) compile();
  return createRequire(import.meta.url)(ADDON).signLoop;
}

function compile(): void {
  mkdirSync(dirname(ADDON), { recursive: true });
  const includes = [nodeHeaders(), join(ROOT, "node_modules/pkcs11js/includes/pkcs11")];
  const flags = ["-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-pthread"];
  execFileSync("cc", [...flags, ...includes.map((path) => `-I${path}`), "-o", ADDON, SOURCE, "-ldl"], {
    stdio: ["ignore", "inherit", "inherit"],
  });
}

/** Where the headers of the running Node are: beside it, or where node-gyp put them when it built the addon. */
function nodeHeaders(): string {
  const beside = join(dirname(dirname(process.execPath)), "include/node");
  const fetched = join(homedir(), ".cache/node-gyp", process.versions.node, "include/node");
  const found = [beside, fetched].find((path) => existsSync(join(path, "node_api.h")));
  if (found === undefined) throw new Error("Node's headers are not installed; `npm run setup` fetches them");
  return found;
}
