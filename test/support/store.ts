import { createHash } from "node:crypto";
import type { Clock } from "../../src/core/clock.js";
import { ALL } from "../../src/crl/scope.js";
import type { StoreOptions } from "../../src/store/environment.js";
import type { Change } from "../../src/store/journal-record.js";
import { ListedCursor, listedSerial } from "../../src/store/listed-blocks.js";
import { type Snapshot, StatusReader } from "../../src/store/status-reader.js";
import { StatusWriter } from "../../src/store/status-writer.js";

export const INSTALLATION = "00112233445566778899aabbccddeeff";

/** 2026-06-01T00:00:00Z and a minute more with each look: records then have times of their own. */
export class SteppingClock implements Clock {
  private now = Date.UTC(2026, 5, 1);

  nowMs(): number {
    this.now += 60_000;
    return this.now;
  }
}

export const storeOptions = (dir: string, installation = INSTALLATION): StoreOptions => ({
  dir,
  mapSizeGib: 1,
  installation,
});

export const openWriter = (dir: string): StatusWriter =>
  new StatusWriter(storeOptions(dir), new SteppingClock());
export const openReader = (dir: string): StatusReader => StatusReader.open(storeOptions(dir));

/** Magnitude of a serial number. */
export function serialOf(value: number | bigint): Buffer {
  const digits = value.toString(16);
  return Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, "hex");
}

export const issue = (serial: number | bigint, issuer = 1): Change => ({
  op: "issue",
  issuer,
  serial: serialOf(serial),
  notAfter: 1_900_000_000,
  shard: 0,
  certificateHash: createHash("sha256").update(serialOf(serial)).digest(),
});

export const revoke = (serial: number | bigint, reason = 1, issuer = 1): Change => ({
  op: "status",
  issuer,
  serial: serialOf(serial),
  state: reason === 6 ? "held" : "revoked",
  reason,
  revocationTime: 1_780_000_000,
  invalidityDate: 0,
});

export const release = (serial: number | bigint, issuer = 1): Change => ({
  op: "status",
  issuer,
  serial: serialOf(serial),
  state: "good",
  reason: 0,
  revocationTime: 0,
  invalidityDate: 0,
});

/** Appends one record of changes; resolves with its position once it may be acknowledged. */
export function change(writer: StatusWriter, ...changes: readonly Change[]): Promise<number> {
  return writer.transact((transaction) => transaction.append({ kind: "changes", changes }));
}

/** Serials in hexadecimal that a CRL would list, in its order. */
export function revokedSerials(reader: StatusReader, issuer = 1): string[] {
  return inSnapshot(reader, (snapshot) => [...snapshot.listed(issuer, ALL)].flatMap(blockSerials));
}

function blockSerials(block: Buffer): string[] {
  const serials: string[] = [];
  for (const cursor = new ListedCursor(block); cursor.next(); )
    serials.push(listedSerial(block, cursor.start).toString("hex"));
  return serials;
}

/** Reads from one snapshot, which is closed afterwards. */
export function inSnapshot<T>(reader: StatusReader, read: (snapshot: Snapshot) => T): T {
  const snapshot = reader.snapshot();
  try {
    return read(snapshot);
  } finally {
    snapshot.close();
  }
}
