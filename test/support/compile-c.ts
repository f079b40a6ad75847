import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository; this file runs from dist/test/support. */
const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** Compiles test/fault/`source` into a shared library below `dir` and returns its path. Needs a C compiler (`cc`). */
export function compileShared(source: string, dir: string, includes: readonly string[] = []): string {
  const library = join(dir, `${source.replaceAll("/", "-")}.so`);
  const flags = ["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-pthread"];
  const paths = includes.map((path) => `-I${join(ROOT, path)}`);
  execFileSync("cc", [...flags, ...paths, "-o", library, join(ROOT, "test", "fault", source), "-ldl"], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  return library;
}
