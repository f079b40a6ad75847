import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const KIT = fileURLToPath(new URL("../../tools/conformance.js", import.meta.url));

/** A check of the kit's report by `--json`. */
export interface ReportedCheck {
  readonly name: string;
  readonly level: "M" | "S" | "O";
  readonly verdict: "passed" | "fault" | "warning" | "note" | "absent" | "unasked";
  readonly came?: string;
}

/** Runs `npm run conformance` as it is compiled. */
export function runKit(...args: string[]) {
  return spawnSync(process.execPath, [KIT, ...args], { encoding: "utf8", timeout: 120_000 });
}

/** Arguments for a directory with issuer.pem, good.pem and revoked.pem. */
export function kitArguments(url: string, dir: string): string[] {
  const files = ["issuer", "good", "revoked"].flatMap((name) => [`--${name}`, join(dir, `${name}.pem`)]);
  return ["--url", url, ...files];
}

export function readReport(file: string): ReportedCheck[] {
  return JSON.parse(readFileSync(file, "utf8")).checks;
}

/** Names of the checks that came out badly, whatever their level. */
export function failedNames(checks: readonly ReportedCheck[]): string[] {
  return checks
    .filter(({ verdict }) => ["fault", "warning", "note"].includes(verdict))
    .map(({ name }) => name);
}
