import { decodeRow, splitRowKey } from "../../src/store/layout.js";
import type { StatusTables } from "../../src/store/status-tables.js";
import { serialText } from "../../src/x509/serial.js";
import { differs, type Entry, type StatusView } from "./view.js";

/** What a replay of the journal makes: everything but the journal itself and the checkpoints. */
const REBUILT = ["rows", "revoked", "issuers", "delegates"] as const;

export interface TableCounts {
  readonly rows: number;
  readonly revoked: number;
}

/** Compares the stored tables with the replayed ones, side by side in key order. Throws STORE_DIFFERS. */
export function compareTables({ tables }: StatusView, rebuilt: StatusTables): TableCounts {
  const counts = { rows: 0, revoked: 0, issuers: 0, delegates: 0 };
  for (const name of REBUILT)
    counts[name] = compare(name, tables[name].entries(), rebuilt[name].getRange({}));
  const trust = Buffer.from("trust");
  if (!same(tables.meta.get(trust), rebuilt.meta.get(trust)))
    throw differs("the trust generation is not the position of the last issuer or delegate");
  return counts;
}

/** Text for `issuer N serial S` of a row key. */
export function rowName(key: Buffer): string {
  const { issuer, serial } = splitRowKey(key);
  return serial.length === 0 ? `issuer ${issuer}` : `issuer ${issuer} serial ${serialText(serial)}`;
}

function compare(name: (typeof REBUILT)[number], stored: Iterable<Entry>, replayed: Iterable<Entry>): number {
  const [left, right] = [stored[Symbol.iterator](), replayed[Symbol.iterator]()];
  for (let count = 0; ; count++) {
    const [a, b] = [left.next(), right.next()];
    if (a.done === true && b.done === true) return count;
    const order = a.done === true ? 1 : b.done === true ? -1 : Buffer.compare(a.value.key, b.value.key);
    if (order < 0) throw differs(`${name}: ${rowName(a.value.key)} is stored, the journal does not make it`);
    if (order > 0) throw differs(`${name}: ${rowName(b.value.key)} is missing, the journal makes it`);
    if (same(a.value.value, b.value.value)) continue;
    throw differs(
      `${name}: ${rowName(a.value.key)} is stored as ${describe(name, a.value.value)}, the journal makes it ${describe(name, b.value.value)}`,
    );
  }
}

function describe(name: (typeof REBUILT)[number], value: Buffer): string {
  if (name !== "rows" && name !== "revoked") return `${value.length} octets`;
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
