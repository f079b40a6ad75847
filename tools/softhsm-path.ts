import { existsSync } from "node:fs";
import { SekishoError } from "../src/core/errors.js";

const PATHS = [
  "/usr/lib/softhsm/libsofthsm2.so",
  "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
  "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
];

/** Path of SoftHSM2's PKCS#11 module: SOFTHSM2_MODULE, or where Debian puts it. Throws TOKEN_MISSING. */
export function findSoftHsm(): string {
  const named = process.env.SOFTHSM2_MODULE;
  const found = (named === undefined ? PATHS : [named]).find((path) => existsSync(path));
  if (found === undefined)
    throw new SekishoError("TOKEN_MISSING", "SoftHSM2 is not installed; run `npm run setup`");
  return found;
}
