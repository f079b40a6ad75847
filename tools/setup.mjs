/**
 * Makes a fresh clone ready: packages, compiled sources, native addon, SoftHSM2. Does only what is not done yet.
 * Usage: node tools/setup.mjs [--for-tests | --for-bench]   (also the programs that tests or benches compare with)
 */
import {
  constants,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { installDebian } from "./setup-debian.mjs";
import { findJudges, findPeers } from "./setup-judges.mjs";
import {
  hasProgram,
  isAllowed,
  mustSucceed,
  openLog,
  SetupError,
  sha256,
  step,
  succeeds,
} from "./setup-run.mjs";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const NODE_WANTED = [20, 19];

async function main() {
  const forTests = process.argv.includes("--for-tests");
  await step("check Node, system and directory:", checkMachine);
  openLog(join(ROOT, "setup.log"));
  await step("install npm packages:", installPackages);
  await step("compile TypeScript:", compileSources);
  await step("build the native addon:", buildAddon);
  await step("find SoftHSM2:", findSoftHsm);
  if (process.argv.includes("--for-bench"))
    await step("find nginx and cfssl for the benches:", () => findPeers(ROOT));
  if (!forTests) return;
  await step("find openssl and GnuTLS for the tests:", findTestPrograms);
  await step("find Java, Bouncy Castle, python3-cryptography, Apache and nginx for the tests:", () =>
    findJudges(ROOT),
  );
}

function checkMachine() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major < NODE_WANTED[0] || (major === NODE_WANTED[0] && minor < NODE_WANTED[1]))
    throw new SetupError(
      `Node ${NODE_WANTED.join(".")} or newer is needed; this is ${process.versions.node}`,
    );
  if (process.platform !== "linux") throw new SetupError(`Linux is needed; this is ${process.platform}`);
  if (!isAllowed(ROOT, constants.W_OK)) throw new SetupError(`the directory ${ROOT} is not writable`);
  return `Node ${process.versions.node}, ${process.arch}`;
}

/** Native packages belong to one Node ABI. */
const MACHINE = `${process.arch} ${process.versions.modules}`;

async function installPackages() {
  const modules = join(ROOT, "node_modules");
  const stamp = join(modules, ".sekisho-setup");
  const wanted = sha256(MACHINE, readFileSync(join(ROOT, "package-lock.json")));
  if (isStamped(stamp, wanted)) return "up to date";
  if (existsSync(modules) && lstatSync(modules).isSymbolicLink()) return "left alone, node_modules is a link";
  assertCompiler();
  // Explicit, because an outer npm or NODE_ENV=production may say otherwise: the compiler is a development package and
  // pkcs11js is compiled by its install script.
  const flags = ["ci", "--include=dev", "--ignore-scripts=false", "--no-audit", "--no-fund", "--no-progress"];
  await mustSucceed("npm ci", ...npm(flags), { cwd: ROOT, env: innerEnvironment() });
  if (!existsSync(join(modules, "pkcs11js/build/Release/pkcs11.node")))
    throw new SetupError(
      "npm ci did not compile pkcs11js: allow its install script (allowScripts in package.json)",
    );
  writeFileSync(stamp, wanted);
  return "installed";
}

/** pkcs11js and the addon are compiled on this machine. */
function assertCompiler() {
  const missing = [["c++", "g++", "clang++"], ["make"], ["python3"]]
    .filter((names) => !names.some(hasProgram))
    .map(([name]) => name);
  if (missing.length > 0)
    throw new SetupError(
      `${missing.join(", ")} missing; run: sudo apt-get install -y build-essential python3`,
    );
}

/** The npm that runs this script, else the one on the PATH. */
function npm(args) {
  const { npm_execpath: path } = process.env;
  return path?.endsWith("npm-cli.js") ? [process.execPath, [path, ...args]] : ["npm", args];
}

/** Settings of the command line `npm run ...` that would change what `npm ci` does. */
const OUTER_SETTINGS =
  /^npm_(lifecycle_|package_|command$|config_(dry_run|global|json|local_prefix|location|loglevel|offline|omit|only|package_lock|prefix|production|silent|workspaces?)$)/;

function innerEnvironment() {
  const inherited = Object.entries(process.env).filter(([name]) => !OUTER_SETTINGS.test(name));
  const nodedir = localHeaders();
  return {
    ...Object.fromEntries(inherited),
    ...(nodedir === undefined ? {} : { npm_config_nodedir: nodedir }),
  };
}

/** The running Node's prefix if its headers are installed: node-gyp then need not download them. */
function localHeaders() {
  const prefix = dirname(dirname(process.execPath));
  return existsSync(join(prefix, "include/node/node_version.h")) ? prefix : undefined;
}

async function compileSources() {
  const stamp = join(ROOT, "dist/.sekisho-setup");
  const sources = ["src", "native-bindings", "bench", "test", "tools"].flatMap((dir) =>
    filesBelow(dir, /\.ts$/),
  );
  const wanted = fingerprint([...sources, "tsconfig.json", "package-lock.json"]);
  if (isStamped(stamp, wanted)) return "up to date";
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  await mustSucceed("tsc", process.execPath, [tsc, "-p", ROOT], { cwd: ROOT });
  writeFileSync(stamp, wanted);
  return `compiled ${sources.length} files`;
}

async function buildAddon() {
  const dir = join(ROOT, "native-bindings");
  if (!existsSync(join(dir, "binding.gyp"))) return "none in this version";
  const stamp = join(dir, "build/.sekisho-setup");
  const wanted = sha256(MACHINE, fingerprint(filesBelow("native-bindings", /\.(gyp|gypi|cc|cpp|h|hpp)$/)));
  if (isStamped(stamp, wanted)) return "up to date";
  const nodedir = localHeaders();
  const nodeGyp = join(ROOT, "node_modules/node-gyp/bin/node-gyp.js");
  const args = [nodeGyp, "rebuild", "-C", dir, ...(nodedir === undefined ? [] : [`--nodedir=${nodedir}`])];
  if (!(await succeeds(process.execPath, args, { cwd: ROOT, env: innerEnvironment() })))
    return "failed (see setup.log): everything works without it, slower";
  writeFileSync(stamp, wanted);
  return "built";
}

/** Debian's places for the module; test/support/softhsm.ts looks in the same. */
function softHsmModule() {
  const triplet = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" }[process.arch] ?? process.arch;
  const places = [
    process.env.SOFTHSM2_MODULE,
    "/usr/lib/softhsm/libsofthsm2.so",
    `/usr/lib/${triplet}/softhsm/libsofthsm2.so`,
  ];
  return places.find((place) => place !== undefined && existsSync(place));
}

async function findSoftHsm() {
  if (softHsmModule() === undefined) await installDebian(["softhsm2"]);
  const module = softHsmModule();
  if (module === undefined)
    throw new SetupError("libsofthsm2.so not found; name it in the environment variable SOFTHSM2_MODULE");
  return module;
}

async function findTestPrograms() {
  const packages = { openssl: "openssl", ocsptool: "gnutls-bin" };
  const missing = Object.keys(packages).filter((program) => !hasProgram(program));
  if (missing.length === 0) return "found";
  await installDebian(missing.map((program) => packages[program]));
  return `installed ${missing.join(", ")}`;
}

function isStamped(stamp, wanted) {
  return existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
}

/** Paths, sizes and times of files: cheap, and enough to see that one was edited. */
function fingerprint(paths) {
  return sha256(
    ...paths.map((path) => {
      const { size, mtimeMs } = statSync(join(ROOT, path));
      return `${path} ${size} ${mtimeMs}`;
    }),
  );
}

function filesBelow(dir, pattern) {
  if (!existsSync(join(ROOT, dir))) return [];
  return readdirSync(join(ROOT, dir), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
    .filter((path) => !path.startsWith("native-bindings/build/"))
    .sort();
}

try {
  await main();
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`setup: ${error.message}\n`);
  process.exitCode = 1;
}
