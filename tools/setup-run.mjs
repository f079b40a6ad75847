/** How the set-up script runs commands and tells about it: one line a step, output of commands in a log. */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { accessSync, constants, openSync, readFileSync } from "node:fs";
import { delimiter, join } from "node:path";

/** A reason to stop that the user can act on: printed as one line. */
export class SetupError extends Error {}

/**
 * Runs one step and prints `setup: TITLE ... RESULT, 1.2 s`; a dot every 5 s shows that it goes on.
 * @param {string} title what the step does
 * @param {() => Promise<string> | string} work returns what came of it, in a few words
 */
export async function step(title, work) {
  const begun = performance.now();
  process.stdout.write(`setup: ${title} `);
  const dots = setInterval(() => process.stdout.write("."), 5000);
  try {
    const result = await work();
    process.stdout.write(`${result}, ${((performance.now() - begun) / 1000).toFixed(1)} s\n`);
  } catch (error) {
    process.stdout.write("failed\n");
    throw error;
  } finally {
    clearInterval(dots);
  }
}

let log;

/** Opens the file that takes the output of commands. */
export function openLog(file) {
  log = { file, fd: openSync(file, "w", 0o600) };
}

/**
 * Runs a command with its output going to the log.
 * @returns {Promise<boolean>} whether it exited with 0
 */
export function succeeds(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ["ignore", log.fd, log.fd], ...options });
    child.on("error", () => resolve(false));
    child.on("exit", (code) => resolve(code === 0));
  });
}

/** Runs a command; if it fails, throws a SetupError with the end of its output. */
export async function mustSucceed(what, command, args, options = {}) {
  if (await succeeds(command, args, options)) return;
  const lines = readFileSync(log.file, "utf8").trimEnd().split("\n").slice(-20);
  throw new SetupError(`${what} failed; the end of ${log.file}:\n${lines.join("\n")}`);
}

/** True if a program of that name is on the PATH. */
export function hasProgram(name) {
  return (process.env.PATH ?? "")
    .split(delimiter)
    .some((dir) => dir !== "" && isAllowed(join(dir, name), constants.X_OK));
}

/** True if the path exists and the user may use it so (R_OK, W_OK, X_OK). */
export function isAllowed(path, mode) {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

export function sha256(...parts) {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part).update("\0");
  return hash.digest("hex");
}
