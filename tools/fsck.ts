import { createHash } from "node:crypto";
import { once } from "node:events";
import { createConnection } from "node:net";
import { Command } from "commander";
import { type Config, loadConfig } from "../src/core/config.js";
import { errorLine, toSekishoError } from "../src/core/errors.js";
import { checkStore, type StoreSummary } from "./fsck/check.js";

/**
 * Checks a store, stopped or running, without writing to it. Exit 0 and one summary line if everything that is said
 * twice says the same; exit 1 and the first difference otherwise.
 */
async function main(): Promise<void> {
  const { config: file } = new Command("fsck")
    .description("Compares journal, rows, indexes, certificates, checkpoints, CRLs and position file.")
    .option("--config <file>", "configuration", "./sekisho.toml")
    .parse()
    .opts<{ config: string }>();
  const config = loadConfig(file);
  const summary = checkStore(config, { writerRuns: await issuerRuns(config), progress });
  clearProgress();
  console.log(summaryLine(summary));
}

/** True if an issuer answers on the control socket. */
async function issuerRuns(config: Config): Promise<boolean> {
  const socket = createConnection(config.control.socket);
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

function summaryLine({
  records,
  rows,
  revoked,
  synthetic,
  checkpoints,
  checkpointKeys,
  crls,
}: StoreSummary): string {
  const lists = crls.map(({ name, number, entries, interrupted }) => {
    const behind = interrupted === 0 ? "" : `, ${interrupted} later publications interrupted`;
    return `${name}: CRL ${number} (${entries} entries${behind})`;
  });
  const keys = [...checkpointKeys].map(
    (key) => `by key ${createHash("sha256").update(Buffer.from(key, "hex")).digest("hex")}`,
  );
  return [
    `clean: ${records} journal records`,
    `${rows} certificates (${revoked} revoked or on hold${synthetic === 0 ? "" : `, ${synthetic} synthetic`})`,
    [`${checkpoints} checkpoints`, ...keys].join(" "),
    ...lists,
  ].join(", ");
}

function progress(step: string, done: number, all: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${step}: ${done} of ${all} records\x1b[K`);
}

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
}

main().catch((error: unknown) => {
  clearProgress();
  console.error(errorLine(error));
  process.exitCode = toSekishoError(error).exit;
});
