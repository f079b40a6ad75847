import { bytesEqual, hex } from "../core/bytes.js";
import type { ParsedEntry } from "../crl/parsed-entry.js";
import { CRL_REASON } from "../crl/reason.js";
import type { SerialRow, Snapshot } from "../store/status-reader.js";
import { refused } from "./crl-refusal.js";
import type { CrlTask, DeltaTask } from "./crl-task.js";

/**
 * Compares a delta CRL with what it must list: every certificate in the change index since its base, each as its row
 * in the store says, which is not what the builder read.
 */
export class DeltaComparison {
  private readonly changes: Iterator<SerialRow>;

  constructor(
    private readonly task: CrlTask,
    private readonly list: DeltaTask,
    private readonly snapshot: Snapshot,
  ) {
    this.changes = snapshot.changes(task.issuer, task.scope, list.base.covers);
  }

  /** Takes the next entry of the delta CRL. Throws CRL_GATE. */
  take(entry: ParsedEntry): void {
    const { serial } = entry;
    const next = this.changes.next();
    if (next.done === true || !bytesEqual(next.value.serial, serial)) {
      const skipped = next.done === true ? undefined : next.value.serial;
      const isMissing = skipped !== undefined && Buffer.compare(sortable(skipped), sortable(serial)) < 0;
      this.fail(
        isMissing
          ? `it leaves out serial ${hex(skipped)}, which was changed since CRL ${this.list.base.number}`
          : `it lists serial ${hex(serial)}, which nobody changed since CRL ${this.list.base.number}`,
      );
    }
    const row = this.snapshot.row(this.task.issuer, serial);
    const isSame =
      row !== undefined &&
      row.position > this.list.base.covers &&
      entry.reasonCode === (row.state === "good" ? CRL_REASON.removeFromCRL : row.reason) &&
      (row.state === "good" || entry.revocationDate === row.revocationTime) &&
      entry.invalidityDate === row.invalidityDate;
    if (!isSame) this.fail(`it lists serial ${hex(serial)} otherwise than it was changed`);
  }

  /** After the last entry. */
  finish(): void {
    const next = this.changes.next();
    if (next.done !== true)
      this.fail(
        `it leaves out serial ${hex(next.value.serial)}, which was changed since CRL ${this.list.base.number}`,
      );
  }

  close(): void {
    this.changes.return?.();
  }

  private fail(why: string): never {
    throw refused(this.task, this.list, why);
  }
}

/** Octets whose order is that of the serial numbers. */
const sortable = (serial: Uint8Array): Buffer => Buffer.concat([Buffer.of(serial.length), serial]);
