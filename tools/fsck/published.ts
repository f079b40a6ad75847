import { closeSync, existsSync, openSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { hex } from "../../src/core/bytes.js";
import { ALL, crlName, deltaName } from "../../src/crl/scope.js";
import { type PublishedCrl, readPublishedCrl } from "../../src/issuer/published-crl.js";
import type { CrlRecord } from "../../src/store/journal-record.js";
import { issuerKey } from "../../src/store/layout.js";
import type { StoredIssuer } from "../../src/store/status-reader.js";
import type { StatusTables } from "../../src/store/status-tables.js";
import { parseCertificate } from "../../src/x509/certificate.js";
import { compareComplete, compareDelta } from "./crl-entries.js";
import { type CaView, differs } from "./view.js";

/** CRL files by their names below the CRL directory, held open: a publication that renames a new one over them does not change what is compared. */
export class CrlFiles {
  private readonly files = new Map<string, number>();

  constructor(dir: string) {
    if (!existsSync(dir)) return;
    for (const entry of readdirSync(dir, { withFileTypes: true })) {
      if (entry.name.startsWith(".")) continue;
      if (!entry.isDirectory()) this.hold(dir, entry.name);
      else for (const name of readdirSync(join(dir, entry.name))) this.hold(dir, `${entry.name}/${name}`);
    }
  }

  /** A path that leads to the file that was opened, whatever has its name now. */
  path(name: string): string | undefined {
    const fd = this.files.get(name);
    return fd === undefined ? undefined : `/proc/self/fd/${fd}`;
  }

  close(): void {
    for (const fd of this.files.values()) closeSync(fd);
  }

  private hold(dir: string, name: string): void {
    if (name.endsWith(".crl")) this.files.set(name, openSync(join(dir, name), "r"));
  }
}

export interface CheckedCrl {
  readonly id: string;
  /** Name of the file. */
  readonly name: string;
  readonly number: bigint;
  readonly entries: number;
  /** Journalled publications after it that a crash kept from becoming visible. */
  readonly interrupted: number;
}

/** One issuer's published CRLs against journal, number counter and tables. */
export class CrlChecker {
  private readonly crls = new Map<string, PublishedFile>();
  private lastNumber = 0;

  /** Reads and verifies the complete CRL of all its certificates. Throws CRL_INVALID. */
  constructor(
    private readonly issuer: StoredIssuer,
    private readonly files: CrlFiles,
  ) {
    for (const name of [crlName(issuer.id, ALL), deltaName(issuer.id)])
      if (files.path(name) !== undefined) this.crl(name);
  }

  /** Takes in a journalled publication of this issuer. */
  journalled(record: CrlRecord): void {
    if (record.number < this.lastNumber)
      throw differs(`journal: CRL ${record.number} of ${this.issuer.id} comes after ${this.lastNumber}`);
    this.lastNumber = record.number;
    const { id } = this.issuer;
    this.crl(record.base > 0 ? deltaName(id) : crlName(id, record.scope)).journalled(record);
  }

  /** After the whole journal: the files are journalled octet for octet, and the counter is not behind. */
  checkNumbers({ tables }: CaView): void {
    const { id, issuer } = this.issuer;
    const counter = tables["crl-numbers"].get(issuerKey(issuer))?.readUIntBE(0, 6) ?? 0;
    if (counter < this.lastNumber)
      throw differs(`CRL number ${this.lastNumber} of ${id} was used, the counter stands at ${counter}`);
    for (const crl of this.crls.values()) crl.checkRecorded();
  }

  isCoveredAt(position: number): boolean {
    return [...this.crls.values()].some((crl) => crl.covers === position);
  }

  /** The entries of the lists that cover the position are what the tables say there. */
  compareEntries(position: number, tables: StatusTables): void {
    for (const crl of this.crls.values()) if (crl.covers === position) crl.compareEntries(tables);
  }

  summary(): CheckedCrl[] {
    return [...this.crls.values()].flatMap((crl) => crl.summary());
  }

  private crl(name: string): PublishedFile {
    const known = this.crls.get(name);
    if (known !== undefined) return known;
    const crl = new PublishedFile(this.issuer, name, this.files.path(name));
    this.crls.set(name, crl);
    return crl;
  }
}

/** One file and the journal's records of it. */
class PublishedFile {
  private readonly published: PublishedCrl | undefined;
  private record: CrlRecord | undefined;
  private lastNumber = 0;
  private interrupted = 0;

  /** Throws CRL_INVALID. */
  constructor(
    private readonly issuer: StoredIssuer,
    private readonly name: string,
    private readonly file: string | undefined,
  ) {
    this.published =
      file === undefined ? undefined : readPublishedCrl(file, parseCertificate(issuer.certificate));
  }

  get covers(): number | undefined {
    return this.record?.covers;
  }

  /** Numbers rise, and one of them is the file's. */
  journalled(record: CrlRecord): void {
    if (record.number <= this.lastNumber)
      throw differs(`journal: CRL ${record.number} of ${this.issuer.id} comes after ${this.lastNumber}`);
    this.lastNumber = record.number;
    if (this.record !== undefined) this.interrupted++;
    if (BigInt(record.number) === this.published?.number) this.record = record;
  }

  checkRecorded(): void {
    const { published, record, issuer } = this;
    if (published === undefined) return;
    const crl = `the published CRL ${published.number} of ${issuer.id}`;
    if (record === undefined) throw differs(`${crl} is not in the journal`);
    if (hex(record.digest) !== published.sha256)
      throw differs(`${crl} is another file than the journal says`);
  }

  compareEntries(tables: StatusTables): void {
    const record = this.record as CrlRecord;
    const name = `CRL ${record.number} of ${this.issuer.id}`;
    const compare = record.base > 0 ? compareDelta : compareComplete;
    compare(name, this.file as string, record, tables);
  }

  summary(): CheckedCrl[] {
    if (this.published === undefined) return [];
    const { number, entries } = this.published;
    return [{ id: this.issuer.id, name: this.name, number, entries, interrupted: this.interrupted }];
  }
}
