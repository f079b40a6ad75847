import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";

export interface OpensslResult {
  readonly status: number | null;
  /** Standard output as bytes: DER or text. */
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Runs the real openssl without a configuration file's influence and returns whatever it did. */
export function tryOpenssl(args: readonly string[], input?: Uint8Array | string): OpensslResult {
  const { status, stdout, stderr, error } = spawnSync("openssl", args, {
    input,
    maxBuffer: 64 * 1024 * 1024,
    env: { ...process.env, OPENSSL_CONF: "/dev/null" },
  });
  if (error !== undefined) throw error;
  return { status, stdout, stderr: stderr.toString("utf8") };
}

/** Runs openssl, which must succeed; returns its standard output. */
export function openssl(args: readonly string[], input?: Uint8Array | string): Buffer {
  const { status, stdout, stderr } = tryOpenssl(args, input);
  if (status !== 0) throw new Error(`openssl ${args.join(" ")} ended with ${status}: ${stderr}`);
  return stdout;
}

/** A directory that is removed when the test ends. */
export function temporaryDirectory(test: Pick<TestContext, "after">): string {
  const directory = mkdtempSync(join(tmpdir(), "sekisho-test-"));
  test.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

/** Writes a file into the directory and returns its path. */
export function writeInto(directory: string, name: string, content: Uint8Array | string): string {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}
