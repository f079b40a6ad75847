import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository; this file runs from dist/bench/load. */
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** Path of a C program of bench/, compiled if it is not or its source is newer. `source` is relative to bench/. Needs `cc`. */
export function compiled(source: string, ...libraries: readonly string[]): string {
  const from = join(ROOT, "bench", source);
  const program = join(ROOT, "dist", "bench", source.replace(/\.c$/, ""));
  if (existsSync(program) && statSync(program).mtimeMs > statSync(from).mtimeMs) return program;
  mkdirSync(dirname(program), { recursive: true });
  execFileSync("cc", ["-O2", "-Wall", "-Wextra", "-Werror", "-o", program, from, ...libraries], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  return program;
}
