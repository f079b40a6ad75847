/**
 * Runs the compiled tests with `node --test`.
 * Usage: node tools/run-tests.mjs [FILTER...]   (only test files whose path contains one of the filters)
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = join(dirname(fileURLToPath(import.meta.url)), "..");
const FILES_AT_ONCE = 2;
/** A test that takes this long will not end any more; SEKISHO_LONG takes hours. */
const MOST_MS = process.env.SEKISHO_LONG === undefined ? 300_000 : 12 * 3_600_000;

const filters = process.argv.slice(2);
// From the sources, because dist/ may hold the output of a test that was deleted.
const tests = readdirSync(join(ROOT, "test"), { withFileTypes: true, recursive: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith(".test.ts"))
  .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)))
  .filter((path) => filters.length === 0 || filters.some((filter) => path.includes(filter)))
  .map((path) => join("dist", path.replace(/\.ts$/, ".js")))
  .sort();

const missing = tests.find((test) => !existsSync(join(ROOT, test)));
if (tests.length === 0) fail(`no test file matches ${filters.join(" ")}`);
if (missing !== undefined) fail(`${missing} is not compiled; run: npm run build`);
const { status } = spawnSync(
  process.execPath,
  [
    "--import",
    "./dist/test/support/fast-check-seed.js",
    "--test",
    `--test-timeout=${MOST_MS}`,
    `--test-concurrency=${FILES_AT_ONCE}`,
    "--test-reporter=spec",
    ...tests,
  ],
  { cwd: ROOT, stdio: "inherit" },
);
process.exitCode = status ?? 1;

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(1);
}
