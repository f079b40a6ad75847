/** Programs of others that judge our answers in the interop tests. They may be absent: their tests are then skipped. */
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { installAvailable, installCommand, unpackDebian } from "./setup-debian.mjs";
import { succeeds } from "./setup-run.mjs";

/** None of these packages starts a service. test/support/programs.ts looks in the same places. */
const PACKAGES = {
  "default-jdk-headless": () => succeeds("javac", ["-version"]),
  "libbcpkix-java": () => existsSync("/usr/share/java/bcpkix.jar"),
  "python3-cryptography": () => succeeds("/usr/bin/python3", ["-c", "import cryptography.x509.ocsp"]),
  "apache2-bin": () => succeeds("/usr/sbin/apache2", ["-v"]),
};

/**
 * Installs what is missing, as far as that is possible.
 * @param {string} root the checkout
 */
export async function findJudges(root) {
  const missing = await missingPackages();
  if (missing.length > 0) await installAvailable(missing);
  const absent = missing.length > 0 ? await missingPackages() : [];
  const installed = missing.filter((name) => !absent.includes(name));
  const report = [await findNginx(join(root, "dist/programs/nginx"))];
  if (installed.length > 0) report.unshift(`installed ${installed.join(" ")}`);
  if (absent.length > 0)
    report.push(`skipping tests that need ${absent.join(" ")}: ${installCommand(absent)}`);
  return report.join("; ");
}

async function missingPackages() {
  const missing = [];
  for (const [name, isThere] of Object.entries(PACKAGES)) if (!(await isThere())) missing.push(name);
  return missing;
}

/** Unpacked, not installed: the package would start a web server on port 80, now and at every boot. */
async function findNginx(directory) {
  const unpacked = join(directory, "usr/sbin/nginx");
  const runs = async () => (await succeeds("/usr/sbin/nginx", ["-v"])) || (await succeeds(unpacked, ["-v"]));
  if (await runs()) return "nginx found";
  rmSync(directory, { recursive: true, force: true });
  await unpackDebian("nginx", directory);
  return (await runs()) ? "nginx unpacked below dist/" : "skipping tests that need nginx";
}
