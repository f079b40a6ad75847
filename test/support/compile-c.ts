import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository; this file runs from dist/test/support. */
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** Compiles the C files of test/fault/`topic` into a shared library in `dir` and returns its path. Needs `cc`. */
export function compileShared(topic: string, dir: string, includes: readonly string[] = []): string {
  const folder = join(ROOT, "test", "fault", topic);
  const sources = readdirSync(folder).filter((name) => name.endsWith(".c"));
  const library = join(dir, `${topic}.so`);
  const flags = ["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-pthread"];
  const paths = includes.map((path) => `-I${join(ROOT, path)}`);
  const files = sources.map((name) => join(folder, name));
  execFileSync("cc", [...flags, ...paths, "-o", library, ...files, "-ldl"], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  return library;
}
