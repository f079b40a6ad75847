/** Programs of others that judge our answers in interop tests, or that benches compare with. What needs an absent one is skipped. */
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

/**
 * Unpacks servers that benches compare with, as far as that is possible; without one its comparisons are left out.
 * @param {string} root the checkout
 */
export async function findPeers(root) {
  const cfssl = { name: "golang-cfssl", program: "usr/bin/cfssl", version: "version" };
  return [
    await findNginx(join(root, "dist/programs/nginx")),
    await findUnpacked(cfssl, join(root, "dist/programs/cfssl")),
  ].join("; ");
}

/** Unpacked, not installed: the package would start a web server on port 80, now and at every boot. */
const findNginx = (directory) =>
  findUnpacked({ name: "nginx", program: "usr/sbin/nginx", version: "-v" }, directory);

/** A program that is installed, or that can be unpacked below `directory`. */
async function findUnpacked({ name, program, version }, directory) {
  const unpacked = join(directory, program);
  const runs = async () =>
    (await succeeds(`/${program}`, [version])) || (await succeeds(unpacked, [version]));
  if (await runs()) return `${name} found`;
  rmSync(directory, { recursive: true, force: true });
  await unpackDebian(name, directory);
  return (await runs()) ? `${name} unpacked below dist/` : `doing without ${name}`;
}
