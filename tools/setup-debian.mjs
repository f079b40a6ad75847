/** Debian's packages: as root, or through sudo without a password. */
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { hasProgram, SetupError, succeeds } from "./setup-run.mjs";

/** The command that does the same by hand. */
export const installCommand = (packages) =>
  `sudo apt-get install -y --no-install-recommends ${packages.join(" ")}`;

/** Throws a SetupError that names the command to run if the packages cannot be installed. */
export async function installDebian(packages) {
  // The first try fails where no package lists were fetched yet.
  if ((await install(packages)) || ((await update()) && (await install(packages)))) return;
  throw new SetupError(`${packages.join(" ")} missing; run: ${installCommand(packages)}`);
}

/** Installs those of the packages that can be had: this Debian may lack one. */
export async function installAvailable(packages) {
  if ((await install(packages)) || !(await update()) || (await install(packages))) return;
  for (const name of packages) await install([name]);
}

/**
 * Unpacks one package, without those it depends on, as a new directory: for programs whose packages start a service when
 * they are installed. Needs no root where package lists were fetched before.
 */
export async function unpackDebian(name, directory) {
  mkdirSync(dirname(directory), { recursive: true });
  const work = mkdtempSync(`${directory}.`);
  const download = () => aptGet(["download", name], { cwd: work });
  if ((await download()) || ((await update()) && (await download()))) {
    const archive = readdirSync(work).find((file) => file.endsWith(".deb")) ?? "";
    const files = join(work, "files");
    if (await succeeds("dpkg-deb", ["-x", join(work, archive), files])) renameSync(files, directory);
  }
  rmSync(work, { recursive: true });
}

const install = (packages) => asRoot(["install", "-y", "--no-install-recommends", ...packages]);
const update = () => asRoot(["update"]);

async function asRoot(args) {
  if (process.getuid?.() === 0)
    return aptGet(args, { env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" } });
  const sudo = ["sudo", "-n", "DEBIAN_FRONTEND=noninteractive"];
  return (await succeeds("sudo", ["-n", "true"])) && aptGet(args, {}, sudo);
}

/** A network that swallows packets must not hold the set-up for minutes. */
const PATIENCE = ["Acquire::http::Timeout=20", "Acquire::Retries=1", "DPkg::Lock::Timeout=120"];

async function aptGet(args, options, before = []) {
  const settings = PATIENCE.flatMap((setting) => ["-o", setting]);
  const [command, ...rest] = [...before, "apt-get", ...settings, ...args];
  return hasProgram("apt-get") && succeeds(command, rest, options);
}
