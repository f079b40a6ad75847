import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { freePort } from "../support/quickstart.js";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));

/**
 * What a stranger does: a copy of the tracked files, nothing compiled, one command (DESIGN 6). What set-up installed and
 * built for this very run of the tests is linked, not made a second time.
 */
test("npm run quickstart -- --check exits 0 on a fresh copy of the tree", async (t) => {
  const copy = mkdtempSync(join(tmpdir(), "sekisho-fresh-"));
  t.after(() => rmSync(copy, { recursive: true, force: true }));
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: ROOT,
    encoding: "utf8",
  });
  for (const file of listed.split("\0").filter(Boolean))
    cpSync(join(ROOT, file), join(copy, file), { recursive: true, preserveTimestamps: true });
  for (const made of ["node_modules", "native-bindings/build"])
    if (existsSync(join(ROOT, made))) execFileSync("cp", ["-al", join(ROOT, made), join(copy, made)]);
  const args = ["run", "quickstart", "--", "--check", "--port", String(await freePort())];
  const { status, stdout, stderr } = spawnSync("npm", args, {
    cwd: copy,
    encoding: "utf8",
    timeout: 600_000,
  });
  assert.equal(status, 0, `${stdout}\n${stderr}`);
  for (const seen of [
    "ready http://127.0.0.1:",
    "ok   good",
    "ok   revoked",
    "ok   on hold",
    "ok   never issued",
    "ok   CRL",
  ])
    assert.ok(stdout.includes(seen), `${seen} in:\n${stdout}`);
});
