import type * as Uws from "uWebSockets.js";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/**
 * SHA-256 of the binaries that have been examined, of the package pinned in package.json. The package repackages the
 * official release, so the bytes are checked before they are loaded. 115, 127, 137, 141: Node 20, 22, 24, 25.
 */
export const UWS_BINARY_DIGESTS: Readonly<Record<string, string>> = {
  "uws_linux_x64_115.node": "f4fa5d7b697529b45ac8aa3d57385d9af51bc1d2b26aa9f5b68ca4361542e665",
  "uws_linux_x64_127.node": "78e38a9a163b1cf33ce539619e5908111dea95a12e7943d95fbcdd524879caa8",
  "uws_linux_x64_137.node": "3b549c14e01d9d1faf234cdf4b6f0fb08158605e3692cd0eb1b905e327bd3449",
  "uws_linux_x64_141.node": "d22bae7642b872152cd0eeb682c6c2ffd186e91af8cf18cdf98be984a6549d49",
  "uws_linux_arm64_115.node": "034e0fcccdc08f90df3b130f421516311831b1352fe38eab91abc2984c2fdf3a",
  "uws_linux_arm64_127.node": "a7d9bc3ec166421a49416d5ea4f49118ae68ea1dbf8a765c4f45a79b0b6adb13",
  "uws_linux_arm64_137.node": "b6eb007d627e00bcce03ad38f197124e9027c03f6fe784b37f97b8a6ea709cb4",
  "uws_linux_arm64_141.node": "1317f2e69ea1924ee8dd94ed02a3e6beb08e55d8b06f18caeda3d67a02857aee",
};

export type UwsModule = typeof Uws;

export type LoadedUws =
  | { readonly uws: UwsModule; readonly file: string }
  | { readonly uws: undefined; readonly reason: string };

/** Loads the uWebSockets.js binary for this Node if its bytes are the ones examined; else says why not. */
export function loadUws(): LoadedUws {
  const name = `uws_${process.platform}_${process.arch}_${process.versions.modules}.node`;
  const digest = UWS_BINARY_DIGESTS[name];
  if (digest === undefined) return { uws: undefined, reason: `no examined uWebSockets.js binary ${name}` };
  const require = createRequire(import.meta.url);
  try {
    const file = join(dirname(require.resolve("uWebSockets.js/package.json")), name);
    if (!hasDigest(file, digest))
      return { uws: undefined, reason: `${name} is not the uWebSockets.js binary that was examined` };
    return { uws: require(file), file };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { uws: undefined, reason: `uWebSockets.js does not load: ${reason}` };
  }
}

/** True if the file's SHA-256 is `digest` (lower-case hexadecimal). */
export function hasDigest(file: string, digest: string): boolean {
  return createHash("sha256").update(readFileSync(file)).digest("hex") === digest;
}
