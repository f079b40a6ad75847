import { closeSync, existsSync, openSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { bytesEqual, hex } from "../../src/core/bytes.js";
import { fileChunks } from "../../src/crl/file-chunks.js";
import type { ParsedEntry } from "../../src/crl/parsed-entry.js";
import { readCrl } from "../../src/crl/read-crl.js";
import { type PublishedCrl, readPublishedCrl } from "../../src/issuer/published-crl.js";
import { decodeRow, issuerKey, issuerRange } from "../../src/store/layout.js";
import type { StoredIssuer } from "../../src/store/status-reader.js";
import type { StatusTables } from "../../src/store/status-tables.js";
import { parseCertificate } from "../../src/x509/certificate.js";
import { serialText } from "../../src/x509/serial.js";
import type { CrlRecord } from "./journal.js";
import { type CaView, differs, type Entry } from "./view.js";

/** CRL files by issuer id, held open: a publication that renames a new one over them does not change what is compared. */
export class CrlFiles {
  private readonly files = new Map<string, number>();

  constructor(dir: string) {
    if (!existsSync(dir)) return;
    for (const name of readdirSync(dir)) {
      const id = /^([a-z0-9-]{1,32})\.crl$/.exec(name)?.[1];
      if (id !== undefined) this.files.set(id, openSync(join(dir, name), "r"));
    }
  }

  /** A path that leads to the file that was opened, whatever has its name now. */
  path(id: string): string | undefined {
    const fd = this.files.get(id);
    return fd === undefined ? undefined : `/proc/self/fd/${fd}`;
  }

  close(): void {
    for (const fd of this.files.values()) closeSync(fd);
  }
}

export interface CheckedCrl {
  readonly id: string;
  readonly number: bigint;
  readonly entries: number;
  /** Journalled publications after it that a crash kept from becoming visible. */
  readonly interrupted: number;
}

/** One issuer's published CRL against journal, number counter and rows. */
export class CrlChecker {
  private readonly file: string | undefined;
  private readonly published: PublishedCrl | undefined;
  private record: CrlRecord | undefined;
  private lastNumber = 0;
  private interrupted = 0;

  /** Reads and verifies the file. Throws CRL_INVALID. */
  constructor(
    private readonly issuer: StoredIssuer,
    files: CrlFiles,
  ) {
    this.file = files.path(issuer.id);
    this.published =
      this.file === undefined ? undefined : readPublishedCrl(this.file, parseCertificate(issuer.certificate));
  }

  /** Takes in a journalled publication of this issuer: numbers rise, and one of them is the file's. */
  journalled(record: CrlRecord): void {
    if (record.number <= this.lastNumber)
      throw differs(`journal: CRL ${record.number} of ${this.issuer.id} comes after ${this.lastNumber}`);
    this.lastNumber = record.number;
    if (this.record !== undefined) this.interrupted++;
    if (BigInt(record.number) === this.published?.number) this.record = record;
  }

  /** After the whole journal: the file is journalled byte for byte, and the counter is not behind. */
  checkNumbers({ tables }: CaView): void {
    const { id, issuer } = this.issuer;
    const counter = tables["crl-numbers"].get(issuerKey(issuer))?.readUIntBE(0, 6) ?? 0;
    if (counter < this.lastNumber)
      throw differs(`CRL number ${this.lastNumber} of ${id} was used, the counter stands at ${counter}`);
    if (this.published === undefined) return;
    if (this.record === undefined)
      throw differs(`the published CRL ${this.published.number} of ${id} is not in the journal`);
    if (hex(this.record.digest) !== this.published.sha256)
      throw differs(
        `the published CRL ${this.published.number} of ${id} is another file than the journal says`,
      );
  }

  isCoveredAt(position: number): boolean {
    return this.record?.covers === position;
  }

  /** The list's entries are the rows that were revoked or on hold at the position it covers. */
  compareEntries({ revoked }: StatusTables): void {
    const rows = revoked.getRange(issuerRange(this.issuer.issuer))[Symbol.iterator]();
    const name = `CRL ${this.record?.number} of ${this.issuer.id}`;
    readCrl(fileChunks(this.file as string), {
      onEntry: (entry) => {
        const row = rows.next();
        if (row.done === true || !isEntryOf(entry, row.value))
          throw differs(`${name} lists ${serialText(entry.serial)} otherwise than the rows it covers`);
      },
    });
    const missing = rows.next();
    if (missing.done !== true)
      throw differs(`${name} leaves out ${serialText(missing.value.key.subarray(3))}, which was revoked`);
  }

  summary(): CheckedCrl[] {
    if (this.published === undefined) return [];
    const { number, entries } = this.published;
    return [{ id: this.issuer.id, number, entries, interrupted: this.interrupted }];
  }
}

function isEntryOf(entry: ParsedEntry, { key, value }: Entry): boolean {
  const row = decodeRow(value);
  return (
    bytesEqual(entry.serial, key.subarray(3)) &&
    entry.revocationDate === row.revocationTime &&
    entry.reasonCode === row.reason &&
    entry.invalidityDate === row.invalidityDate
  );
}
