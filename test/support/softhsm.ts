import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TokenSettings } from "../../src/signer/pkcs11-session.js";
import { initToken } from "../../src/signer/token-init.js";

export const TEST_PIN = "1234-test";
export const TEST_SO_PIN = "87654321-test";

const MODULES = [
  "/usr/lib/softhsm/libsofthsm2.so",
  "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
  "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
];

/** A SoftHSM2 of its own in a temporary directory. */
export interface SoftHsm {
  readonly dir: string;
  readonly module: string;
  readonly softhsm2Conf: string;
  /** Holds TEST_PIN, mode 0600. */
  readonly pinFile: string;
  token(label: string): TokenSettings;
  remove(): void;
}

/**
 * Makes a SoftHSM2 with one token a label. Once a process: the library reads its configuration when it is initialised.
 * Fails if the module is not installed (the set-up script installs it).
 */
export function createSoftHsm(labels: readonly string[]): SoftHsm {
  const dir = mkdtempSync(join(tmpdir(), "sekisho-softhsm-"));
  const module = softHsmModule();
  const softhsm2Conf = join(dir, "softhsm2.conf");
  const pinFile = join(dir, "pin");
  mkdirSync(join(dir, "tokens"), { mode: 0o700 });
  writeFileSync(
    softhsm2Conf,
    `directories.tokendir = ${join(dir, "tokens")}\nobjectstore.backend = file\nlog.level = ERROR\n`,
  );
  writeFileSync(pinFile, `${TEST_PIN}\n`, { mode: 0o600 });
  for (const label of labels) initToken({ module, softhsm2Conf, label, soPin: TEST_SO_PIN, pin: TEST_PIN });
  return {
    dir,
    module,
    softhsm2Conf,
    pinFile,
    token: (label) => ({ module, softhsm2Conf, label, pinFile }),
    remove: () => rmSync(dir, { recursive: true, force: true }),
  };
}

/** Path of SoftHSM2's module: SOFTHSM2_MODULE, or where Debian puts it. */
export function softHsmModule(): string {
  const module = process.env.SOFTHSM2_MODULE ?? MODULES.find(existsSync);
  if (module === undefined) throw new Error("SoftHSM2 is not installed; `npm run setup` installs it");
  return module;
}
