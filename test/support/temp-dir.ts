import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

/** A fresh directory of mode 0700 that is removed after the test. */
export function tempDir(t: TestContext): string {
  const dir = mkdtempSync(join(tmpdir(), "sekisho-test-"));
  t.after(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}
