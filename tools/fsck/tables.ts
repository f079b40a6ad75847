import { ALL, scopeText } from "../../src/crl/scope.js";
import { decodeCrlRecord } from "../../src/store/journal-record.js";
import { decodeRow, SCOPED_SERIAL, scopeKey, splitRowKey } from "../../src/store/layout.js";
import { ListedCursor } from "../../src/store/listed-blocks.js";
import { readDropped, readSynthetic, type StatusTables } from "../../src/store/status-tables.js";
import { serialText } from "../../src/x509/serial.js";
import { differs, type Entry, type StatusView } from "./view.js";

/** What a replay of the journal makes: everything but the journal itself and the checkpoints. */
const REBUILT = ["rows", "revoked", "changes", "awaiting", "crls", "issuers", "delegates"] as const;

type Rebuilt = (typeof REBUILT)[number];

/** Tables whose keys begin with issuer and scope. */
const SCOPED: readonly Rebuilt[] = ["revoked", "changes", "awaiting", "crls"];

export interface TableCounts {
  readonly rows: number;
  readonly revoked: number;
  /** Made up for load tests. */
  readonly synthetic: number;
}

/** Compares the stored tables with the replayed ones, side by side in key order. Throws STORE_DIFFERS. */
export function compareTables({ tables }: StatusView, rebuilt: StatusTables): TableCounts {
  const isNeeded = neededChanges(tables.meta, rebuilt);
  for (const name of REBUILT) {
    const isCompared = name === "changes" ? isNeeded : always;
    compare(
      name,
      filtered(tables[name].entries(), isCompared),
      filtered(rebuilt[name].getRange({}), isCompared),
    );
  }
  const trust = Buffer.from("trust");
  if (!same(tables.meta.get(trust), rebuilt.meta.get(trust)))
    throw differs("the trust generation is not the position of the last issuer or delegate");
  let synthetic = 0;
  for (const key of rebuilt.issuers.getKeys({})) synthetic += compareSynthetic(tables, rebuilt, key);
  return {
    rows: count(rebuilt.rows.getRange({})),
    revoked: countListed(rebuilt),
    synthetic,
  };
}

/** Number of the issuer's synthetic rows, the same on both sides. */
function compareSynthetic(stored: StatusView["tables"], rebuilt: StatusTables, issuerKey: Buffer): number {
  const issuer = issuerKey.readUInt16BE(0);
  const counted = readSynthetic(stored.meta, issuer);
  const replayed = readSynthetic(rebuilt.meta, issuer);
  if (counted !== replayed)
    throw differs(`issuer ${issuer} has ${counted} synthetic rows, the journal makes them ${replayed}`);
  return counted;
}

/** Text for `issuer N serial S` of a row key. */
export function rowName(key: Buffer): string {
  const { issuer, serial } = splitRowKey(key);
  return serial.length === 0 ? `issuer ${issuer}` : `issuer ${issuer} serial ${serialText(serial)}`;
}

const always = (): boolean => true;

/** A certificate that is revoked stands in the index once for the CRL of all. */
function countListed({ revoked }: StatusTables): number {
  let number = 0;
  for (const { key, value } of revoked.getRange({}))
    if (key.readUInt16BE(2) === ALL) for (const cursor = new ListedCursor(value); cursor.next(); ) number++;
  return number;
}

/** Changes that no CRL to come needs are dropped by and by: up to that position they may be there or not. */
function neededChanges(
  meta: StatusView["tables"]["meta"],
  { crls }: StatusTables,
): (entry: Entry) => boolean {
  const dropped = new Map<string, number>();
  for (const { value } of crls.getRange({})) {
    const { issuer, scope, base, covers } = decodeCrlRecord(value);
    const position = readDropped(meta, issuer, scope);
    // The newest complete CRL comes last.
    if (base === 0) dropped.set(scopeKey(issuer, scope).toString("latin1"), Math.min(position, covers));
  }
  return ({ key, value }) => decodeRow(value).position > (dropped.get(key.toString("latin1", 0, 4)) ?? 0);
}

function* filtered(entries: Iterable<Entry>, wanted: (entry: Entry) => boolean): Generator<Entry> {
  for (const entry of entries) if (wanted(entry)) yield entry;
}

function count(entries: Iterable<Entry>): number {
  let number = 0;
  for (const _ of entries) number++;
  return number;
}

function compare(name: Rebuilt, stored: Iterable<Entry>, replayed: Iterable<Entry>): void {
  const [left, right] = [stored[Symbol.iterator](), replayed[Symbol.iterator]()];
  for (;;) {
    const [a, b] = [left.next(), right.next()];
    if (a.done === true && b.done === true) return;
    const order = a.done === true ? 1 : b.done === true ? -1 : Buffer.compare(a.value.key, b.value.key);
    if (order < 0)
      throw differs(`${name}: ${keyName(name, a.value.key)} is stored, the journal does not make it`);
    if (order > 0) throw differs(`${name}: ${keyName(name, b.value.key)} is missing, the journal makes it`);
    if (same(a.value.value, b.value.value)) continue;
    throw differs(
      `${name}: ${keyName(name, a.value.key)} is stored as ${describe(name, a.value.value)}, the journal makes it ${describe(name, b.value.value)}`,
    );
  }
}

function keyName(name: Rebuilt, key: Buffer): string {
  if (!SCOPED.includes(name)) return rowName(key);
  const issuer = `issuer ${key.readUInt16BE(0)}${scopeText(key.readUInt16BE(2))}`;
  if (name === "crls") return `${issuer} CRL ${key.readUIntBE(4, 6)}`;
  return key.length <= SCOPED_SERIAL ? issuer : `${issuer} serial ${serialText(key.subarray(SCOPED_SERIAL))}`;
}

function describe(name: Rebuilt, value: Buffer): string {
  if (name !== "rows" && name !== "changes") return `${value.length} octets`;
  try {
    const { state, reason, revocationTime, position } = decodeRow(value);
    return `${state} (reason ${reason}, time ${revocationTime}, record ${position})`;
  } catch {
    return `${value.length} octets that are no row`;
  }
}

function same(a: Buffer | undefined, b: Buffer | undefined): boolean {
  return a === undefined || b === undefined ? a === b : a.equals(b);
}
