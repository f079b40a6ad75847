import type { CertState } from "../../../src/store/layout.js";
import type { AcknowledgedCrl, AcknowledgedRow, Act, Line } from "./protocol.js";

/** A row as it is found in the store. */
export type FoundRow = AcknowledgedRow;

/** Codes of refusals that were decided before anything was written. */
const DECIDED = new Set(["STATE_CONFLICT", "SERIAL_UNKNOWN", "DATE_INVALID", "ENROL_UNKNOWN", "CRL_MISSING"]);

const STATE_AFTER: Readonly<Partial<Record<Act | "create", CertState>>> = {
  revoke: "revoked",
  "bulk-revoke": "revoked",
  hold: "held",
  release: "good",
};

/** Certificates that an act makes at most: a renewal that fails is followed by an enrolment. */
const CERTIFICATES_OF: Readonly<Partial<Record<Act | "create", number>>> = { create: 1, issue: 1, renew: 2 };

type Attempt = Line & { readonly say: "try" };

/** What was acknowledged over the whole life of an installation, and what is uncertain because a fault came between. */
export class Model {
  private readonly rows = new Map<string, AcknowledgedRow>();
  /** Digest of every CRL that was acknowledged or seen published, by name and number. */
  private readonly crls = new Map<string, string>();
  /** The newest that was acknowledged, by name. */
  private readonly lastCrls = new Map<string, bigint>();
  private readonly open = new Map<number, Attempt>();
  private uncertain: Attempt[] = [];
  acknowledged = 0;

  get serials(): string[] {
    return [...this.rows.keys()];
  }

  /** Takes in what the process said. */
  hear(line: Line): void {
    if (line.say === "try") this.open.set(line.id, line);
    if (line.say === "refused" && DECIDED.has(line.code)) this.open.delete(line.id);
    if (line.say !== "done") return;
    const attempt = this.open.get(line.id);
    this.open.delete(line.id);
    this.acknowledged++;
    for (const row of line.rows) this.acknowledge(row, attempt?.serials.length === 0);
    for (const crl of line.crls ?? []) this.acknowledgeCrl(crl);
  }

  /** The process is gone: whatever it had not answered may have been done or not. */
  endOfProcess(): void {
    this.uncertain.push(...this.open.values());
    this.open.clear();
  }

  /** Compares with the rows of the store. Throws on the first thing that was acknowledged and is not so. */
  compareRows(found: ReadonlyMap<string, FoundRow>): void {
    for (const [serial, row] of this.rows) this.compareRow(row, found.get(serial));
    const strangers = [...found.values()].filter(({ serial }) => !this.rows.has(serial));
    const possible = this.uncertain.reduce((sum, { act }) => sum + (CERTIFICATES_OF[act] ?? 0), 0);
    if (strangers.length > possible)
      throw new Error(
        `${strangers.length} rows that nobody acknowledged, at most ${possible} were under way`,
      );
    for (const row of found.values()) this.rows.set(row.serial, row);
    this.uncertain = [];
  }

  /** Compares with the published CRLs. */
  comparePublished(published: readonly AcknowledgedCrl[]): void {
    for (const [name, last] of this.lastCrls) {
      const number = BigInt(published.find((crl) => crl.name === name)?.number ?? 0);
      if (number < last) throw new Error(`CRL ${last} was acknowledged as ${name}, ${number} is published`);
    }
    for (const crl of published) this.seeCrl(crl);
  }

  private acknowledge(row: AcknowledgedRow, isNew: boolean): void {
    const known = this.rows.get(row.serial);
    if (isNew && known !== undefined) throw new Error(`serial ${row.serial} was given out twice`);
    // Acts that ran side by side are acknowledged in any order; the journal has the right one.
    if (known === undefined || known.position <= row.position) this.rows.set(row.serial, row);
  }

  private acknowledgeCrl(crl: AcknowledgedCrl): void {
    const last = this.lastCrls.get(crl.name) ?? 0n;
    if (BigInt(crl.number) <= last)
      throw new Error(`CRL number ${crl.number} of ${crl.name} came after ${last}`);
    this.lastCrls.set(crl.name, BigInt(crl.number));
    this.seeCrl(crl);
  }

  private seeCrl({ name, number, sha256 }: AcknowledgedCrl): void {
    const key = `${name} ${number}`;
    const known = this.crls.get(key);
    if (known !== undefined && known !== sha256) throw new Error(`CRL number ${key} was used twice`);
    this.crls.set(key, sha256);
  }

  private compareRow(row: AcknowledgedRow, found: FoundRow | undefined): void {
    if (found === undefined) throw new Error(`serial ${row.serial} was acknowledged and is not there`);
    if (isSame(row, found)) return;
    const explained = this.uncertain.some(
      ({ act, serials }) => serials.includes(row.serial) && STATE_AFTER[act] === found.state,
    );
    if (!explained || found.position <= row.position)
      throw new Error(`acknowledged ${JSON.stringify(row)}, found ${JSON.stringify(found)}`);
  }
}

function isSame(a: AcknowledgedRow, b: FoundRow): boolean {
  return (
    a.state === b.state &&
    a.reason === b.reason &&
    a.revocationTime === b.revocationTime &&
    a.invalidityDate === b.invalidityDate &&
    a.position === b.position
  );
}
