import { join } from "node:path";
import type { Command } from "commander";
import { type AuditVerification, verifyAuditLog } from "../audit/verify.js";
import { loadConfig } from "../core/config.js";
import { addCommand, type CommonOptions } from "./options.js";
import { aligned, printJson, printLines } from "./output.js";

/** `sekisho audit verify`: works without the issuer. */
export function addAuditCommands(program: Command): void {
  const audit = program.command("audit").description("the audit log: verify");
  addCommand(audit, "verify [file]", {
    does: "Check an audit log from its first record to its last (default: the installation's)",
    example: "audit verify /mnt/archive/audit.log",
  }).action(verify);
}

async function verify(named: string | undefined, options: CommonOptions): Promise<void> {
  const file = named ?? join(loadConfig(options.config).audit.dir, "audit.log");
  const found = await verifyAuditLog(file);
  if (options.json) printJson({ file, ...found });
  else printLines(describe(file, found));
}

function describe(file: string, { records, head, tornOctets }: AuditVerification): string[] {
  const torn =
    tornOctets === 0 ? [] : [`The last ${tornOctets} octets are no whole record: being written, or torn.`];
  return [
    ...aligned([
      ["whole", file],
      ["records", records],
      ["head", head],
    ]),
    ...torn,
    "No anchor was compared: records missing at the end, or a log rewritten from its start, show only against",
    "a head that was kept outside this machine.",
  ];
}
