import { createHash } from "node:crypto";
import { hex, sameStretch } from "../core/bytes.js";
import { EntryEncoder, MAX_ENTRY_LENGTH, type RevokedEntry } from "../crl/entry.js";
import { compareSerials } from "../crl/entry-merge.js";
import { fileChunks } from "../crl/file-chunks.js";
import type { ParsedEntry } from "../crl/parsed-entry.js";
import { CrlReader } from "../crl/read-crl.js";
import { reasonName } from "../crl/reason.js";
import type { ParsedCrl } from "../crl/stream-parser.js";
import type { SerialRow, Snapshot } from "../store/status-reader.js";
import { refused } from "./crl-refusal.js";
import type { CompleteTask, CrlTask } from "./crl-task.js";
import { hashed } from "./hashed.js";

/**
 * Compares a complete CRL with what it must list: old - expired + changes. Three streams in ascending order of serial
 * pass by each other: the list that is published, the change index since it, and the new list's entries.
 * Without a published list the rows of the store take the place of both.
 */
export class CompleteComparison {
  private readonly old: CrlReader | undefined;
  private readonly oldHash = createHash("sha256");
  /** The published list's next entry, if it was looked at. */
  private listed: ParsedEntry | undefined;
  private readonly changes: Iterator<SerialRow>;
  private changed: ChangedEntry | undefined;

  constructor(
    private readonly task: CrlTask,
    private readonly list: CompleteTask,
    private readonly snapshot: Snapshot,
  ) {
    const { previous } = list;
    const { issuer, scope } = task;
    this.old = previous && new CrlReader(hashed(fileChunks(previous.file), this.oldHash));
    this.changes =
      previous === undefined
        ? snapshot.revokedRows(issuer, scope)
        : snapshot.changes(issuer, scope, previous.covers);
    this.nextChanged();
  }

  /** Takes the next entry of the new list. Throws CRL_GATE. */
  take(entry: ParsedEntry): void {
    if (this.isUnchanged(entry)) return;
    this.passOver(entry);
    const listed = this.peekListed();
    const { changed } = this;
    const wasListed = listed !== undefined && compareSerials(listed, entry) === 0;
    if (changed !== undefined && compareSerials(changed, entry) === 0) {
      this.compareWithChange(entry, changed);
      this.nextChanged();
      if (wasListed) this.takeListed();
    } else if (wasListed) {
      if (!sameStretch(listed.bytes, listed.start, listed.stop, entry.bytes, entry.start, entry.stop))
        this.fail(`it lists ${text(entry)} otherwise than before, and nobody changed it`);
      this.takeListed();
    } else if (!this.isKeptThoughExpired(entry) && !this.isChangeThatWasDropped(entry))
      this.fail(`it lists ${text(entry)}, which nobody revoked`);
  }

  /** After the last entry; `crl` is what the new list says beside them. */
  finish(crl: ParsedCrl): void {
    this.passOver(undefined);
    const { old, list } = this;
    if (old === undefined) return;
    if (this.oldHash.digest("hex") !== list.previous?.sha256)
      this.fail("the published file has changed meanwhile");
    const { cRLNumber, issuingDistributionPoint } = old.crl.extensions;
    if (cRLNumber !== BigInt(list.previous?.number ?? 0))
      this.fail(`the published file carries number ${cRLNumber}`);
    if (cRLNumber >= BigInt(this.task.cRLNumber)) this.fail(`number ${cRLNumber} is published already`);
    if (octets(issuingDistributionPoint?.der) !== octets(crl.extensions.issuingDistributionPoint?.der))
      this.fail("its issuingDistributionPoint is not the published one's");
  }

  close(): void {
    this.old?.close();
    this.changes.return?.();
  }

  /** True if the entry is the published list's next one and nobody changed it: nearly all are, so this comes first. */
  private isUnchanged(entry: ParsedEntry): boolean {
    const { changed, listed, old } = this;
    if (listed !== undefined || old === undefined) return false;
    if (changed !== undefined && compareSerials(changed, entry) <= 0) return false;
    return old.skip(entry);
  }

  /** What the new list leaves out before `entry` must have been released, or left out because it expired. */
  private passOver(entry: ParsedEntry | undefined): void {
    for (;;) {
      const listed = this.peekListed();
      const { changed } = this;
      const skipsChange =
        changed !== undefined && (entry === undefined || compareSerials(changed, entry) < 0);
      const skipsListed = listed !== undefined && (entry === undefined || compareSerials(listed, entry) < 0);
      if (!skipsChange && !skipsListed) return;
      const order = !skipsListed ? -1 : !skipsChange ? 1 : compareSerials(changed, listed);
      if (order <= 0) this.explainChange(changed as ChangedEntry);
      else this.explainRemoval(listed as ParsedEntry);
      if (order <= 0) this.nextChanged();
      if (order >= 0) this.takeListed();
    }
  }

  private explainChange(changed: ChangedEntry): void {
    const { state, reason, notAfter, position } = changed.row;
    if (state === "good" || this.isSpent(notAfter, position)) return;
    this.fail(
      `it leaves out ${text(changed)}, which was ${state === "held" ? "put on hold" : `revoked (${reasonName(reason)})`}`,
    );
  }

  private explainRemoval(listed: ParsedEntry): void {
    const row = this.snapshot.row(this.task.issuer, listed.serial);
    if (row === undefined || !this.isSpent(row.notAfter, row.position))
      this.fail(
        `it leaves out ${text(listed)}, which was listed and neither released nor long enough expired`,
      );
  }

  private isSpent(notAfter: number, position: number): boolean {
    const { spent } = this.list;
    return spent !== undefined && notAfter < spent.thisUpdate && position <= spent.covers;
  }

  /** Entries that were left out as expired come back once the issuer keeps them for ever. */
  private isKeptThoughExpired(entry: ParsedEntry): boolean {
    const { list, task, snapshot } = this;
    if (list.expiredSince === undefined || list.previous === undefined) return false;
    const row = snapshot.row(task.issuer, entry.serial);
    if (row === undefined || row.state === "good" || row.position > list.previous.covers) return false;
    return new ChangedEntry(entry.serial, row).isEntry(entry);
  }

  /** A published list that the journal does not know, as after a restore, may lack what was revoked long ago. */
  private isChangeThatWasDropped(entry: ParsedEntry): boolean {
    const { previous, dropped } = this.list;
    if (previous === undefined || previous.covers >= dropped) return false;
    const row = this.snapshot.row(this.task.issuer, entry.serial);
    if (row === undefined || row.state === "good" || row.position > dropped) return false;
    return new ChangedEntry(entry.serial, row).isEntry(entry);
  }

  private compareWithChange(entry: ParsedEntry, changed: ChangedEntry): void {
    if (changed.row.state === "good") this.fail(`it lists ${text(entry)}, which was released`);
    if (!changed.isEntry(entry)) this.fail(`it lists ${text(entry)} otherwise than it was changed`);
  }

  /** The published list's next entry; undefined after the last. */
  private peekListed(): ParsedEntry | undefined {
    this.listed ??= this.old?.next();
    return this.listed;
  }

  private takeListed(): void {
    this.listed = undefined;
  }

  private nextChanged(): void {
    const next = this.changes.next();
    this.changed = next.done === true ? undefined : new ChangedEntry(next.value.serial, next.value.row);
  }

  private fail(why: string): never {
    throw refused(this.task, this.list, why);
  }
}

const encoder = new EntryEncoder();
const expected = Buffer.alloc(MAX_ENTRY_LENGTH);

/** A changed certificate as the entry that it must have; of one that is good only the serial counts. */
class ChangedEntry implements RevokedEntry {
  readonly serialStart = 0;
  readonly serialStop: number;
  readonly revocationDate: number;
  readonly reasonCode: number;
  readonly invalidityDate: number;

  constructor(
    readonly bytes: Uint8Array,
    readonly row: SerialRow["row"],
  ) {
    this.serialStop = bytes.length;
    this.revocationDate = row.revocationTime;
    this.reasonCode = row.reason;
    this.invalidityDate = row.invalidityDate;
  }

  /** True if the entry is this one, octet for octet. */
  isEntry({ bytes, start, stop }: ParsedEntry): boolean {
    return sameStretch(expected, 0, encoder.write(expected, 0, this), bytes, start, stop);
  }
}

const text = ({ bytes, serialStart, serialStop }: RevokedEntry): string =>
  `serial ${hex(bytes.subarray(serialStart, serialStop))}`;

const octets = (bytes: Uint8Array | undefined): string => (bytes === undefined ? "" : hex(bytes));
