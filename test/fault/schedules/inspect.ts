import { existsSync } from "node:fs";
import { join, relative } from "node:path";
import { verifyAuditLog } from "../../../src/audit/verify.js";
import { hex } from "../../../src/core/bytes.js";
import { systemClock } from "../../../src/core/clock.js";
import { ClockGuard } from "../../../src/core/clock-guard.js";
import type { Config } from "../../../src/core/config.js";
import { ALL } from "../../../src/crl/scope.js";
import { openIssuerCore } from "../../../src/issuer/core.js";
import type { CrlSlot } from "../../../src/issuer/crl-files.js";
import { decodeRow, splitRowKey } from "../../../src/store/layout.js";
import { checkStore } from "../../../tools/fsck/check.js";
import { viewStatus } from "../../../tools/fsck/view.js";
import { silent } from "../../support/installation.js";
import type { FoundRow } from "./model.js";
import type { AcknowledgedCrl } from "./protocol.js";

/** What an installation holds after a restart. */
export interface Found {
  readonly rows: ReadonlyMap<string, FoundRow>;
  readonly published: readonly AcknowledgedCrl[];
  readonly records: number;
}

/** CRLs that the acts publish. */
const SLOTS: readonly CrlSlot[] = [
  { scope: ALL, delta: false },
  { scope: ALL, delta: true },
  { scope: 1, delta: false },
];

/**
 * Restarts the issuer's core without faults, which completes what was interrupted, stops it and checks everything:
 * fsck, audit log, rows, published CRL. Throws on the first difference.
 */
export async function recoverAndInspect(config: Config, ahead: number): Promise<Found> {
  const clock = { nowMs: () => systemClock.nowMs() + ahead * 1_000 };
  const core = await openIssuerCore(config, new ClockGuard(clock, clock), silent);
  const authority = core.authorities.has("root") ? core.authorities.get("root") : undefined;
  const published: AcknowledgedCrl[] = [];
  for (const slot of SLOTS) {
    const crl = authority === undefined ? undefined : await core.publisher.published(authority, slot);
    if (crl === undefined) continue;
    const name = relative(config.crl.dir, crl.file);
    published.push({ name, number: String(crl.number), sha256: crl.sha256 });
  }
  await core.close();
  const { records } = checkStore(config, { writerRuns: false, progress: () => undefined });
  const audit = join(config.audit.dir, "audit.log");
  if (existsSync(audit)) await verifyAuditLog(audit);
  return { rows: readRows(config), published, records };
}

function readRows(config: Config): Map<string, FoundRow> {
  const view = viewStatus({ ...config.store, installation: config.installation });
  const found = new Map<string, FoundRow>();
  for (const { key, value } of view.tables.rows.entries()) {
    const serial = hex(splitRowKey(key).serial);
    found.set(serial, { serial, ...decodeRow(value) });
  }
  view.close();
  return found;
}
