/**
 * Builds the addon with AddressSanitizer and UndefinedBehaviorSanitizer in a temporary directory and runs its tests under
 * them, the fuzzed arguments among them. The addon in native-bindings/build is left as it is. Needs GCC.
 * Usage: node tools/sanitize.mjs [FILTER...]   (only test files whose path contains one of the filters)
 */
import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const SANITIZERS = "-fsanitize=address,undefined";
/** The tests that call the addon. */
const TESTS = [
  "unit/native-bindings",
  "unit/native-p256",
  "unit/native-rsa",
  "unit/native-signing",
  "fault/native-sessions",
  "fault/native-worker-end",
];

const filters = process.argv.slice(2);
const tests = TESTS.filter((name) => filters.length === 0 || filters.some((filter) => name.includes(filter)));
// The addon is looked for beside package.json: a checkout of links, with an addon of its own.
const checkout = mkdtempSync(join(tmpdir(), "sekisho-sanitize-"));
try {
  process.exitCode = run();
} finally {
  rmSync(checkout, { recursive: true });
}

function run() {
  for (const name of ["package.json", "node_modules", "test"])
    symlinkSync(join(ROOT, name), join(checkout, name));
  // Copied: a module's path is where its links lead.
  cpSync(join(ROOT, "dist"), join(checkout, "dist"), { recursive: true });
  const addon = join(checkout, "native-bindings");
  mkdirSync(addon);
  for (const file of readdirSync(join(ROOT, "native-bindings"), { withFileTypes: true }))
    if (file.isFile()) cpSync(join(ROOT, "native-bindings", file.name), join(addon, file.name));
  if (!build(addon)) return 1;
  const files = tests.map((name) => join("dist/test", `${name}.test.js`));
  const { status } = spawnSync(
    process.execPath,
    ["--import", "./dist/test/support/fast-check-seed.js", "--test", "--test-concurrency=1", ...files],
    { cwd: checkout, stdio: "inherit", env: { ...process.env, ...environment() } },
  );
  return status ?? 1;
}

function build(addon) {
  const prefix = dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, "include/node/node_version.h")) ? [`--nodedir=${prefix}`] : [];
  const nodeGyp = join(ROOT, "node_modules/node-gyp/bin/node-gyp.js");
  const flags = `${SANITIZERS} -fno-sanitize-recover=all -fno-omit-frame-pointer -g`;
  const { status } = spawnSync(process.execPath, [nodeGyp, "rebuild", "-C", addon, ...headers], {
    stdio: "inherit",
    env: { ...process.env, CXXFLAGS: flags, LDFLAGS: SANITIZERS },
  });
  return status === 0 && isSanitized(join(addon, "build/Release/sekisho.node"));
}

/** Flags that did not reach the compiler would make every test pass. */
function isSanitized(file) {
  const binary = readFileSync(file);
  return ["__asan_report_load1", "__ubsan_handle_out_of_bounds"].every((name) => binary.includes(name));
}

/** Node itself is not built with the sanitizers, so their libraries must come first. */
function environment() {
  const library = (name) =>
    spawnSync("g++", [`-print-file-name=${name}`], { encoding: "utf8" }).stdout.trim();
  return {
    // libstdc++ beside it: AddressSanitizer looks for the C++ functions that it replaces when it starts.
    LD_PRELOAD: ["libasan.so", "libubsan.so", "libstdc++.so.6"].map(library).join(":"),
    // Node and V8 leave memory to the end of the process.
    ASAN_OPTIONS: "detect_leaks=0:abort_on_error=1",
    UBSAN_OPTIONS: "print_stacktrace=1:halt_on_error=1",
  };
}
