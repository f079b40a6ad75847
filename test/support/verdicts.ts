import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { DemoPki } from "./demo-pki.js";

/** Certificates of a DemoPki that judges are asked about, in this order. */
const NAMES = ["good", "revoked", "hold", "unknown"] as const;

/** A verdict without its time of revocation. */
export const STATUSES = ["good", "revoked keyCompromise", "revoked certificateHold", "unknown"] as const;

/** Path of a source file in test/interop/judges. */
export const judge = (name: string): string =>
  fileURLToPath(new URL(`../../../test/interop/judges/${name}`, import.meta.url));

/** What a judge says of the certificates in each mode: `good`, `unknown`, `revoked REASON UNIXTIME`, `refused: WHY`. */
export function verdicts(pki: DemoPki, command: readonly string[], modes: readonly string[]): string[][] {
  const [program, ...args] = command as [string, ...string[]];
  const questions = modes.map((mode) =>
    NAMES.map((name) => `${mode} ${pki.pem("issuer")} ${pki.pem(name)}\n`).join(""),
  );
  const said = execFileSync(program, args, { input: questions.join(""), encoding: "utf8", timeout: 60_000 });
  const lines = said.trimEnd().split("\n");
  return modes.map((_, index) => lines.slice(index * NAMES.length, (index + 1) * NAMES.length));
}

export const withoutTime = (verdict: string): string => verdict.replace(/ \d+$/, "");
