import { randomBytes } from "node:crypto";
import { systemClock } from "../../src/core/clock.js";
import { importRows } from "../../src/issuer/import-rows.js";
import { populationRows } from "../../src/issuer/synthetic-population.js";
import type { StoreOptions } from "../../src/store/environment.js";
import { RowPacker } from "../../src/store/imported-rows.js";
import { StatusWriter } from "../../src/store/status-writer.js";
import { controlRate } from "./control.js";
import { storeOctets } from "./table-octets.js";

export interface ImportResult {
  /** Made, packed, sorted if need be, journalled, stored and synced. */
  readonly rowsPerSecond: number;
  /** The control: bare lmdb, the same keys and values in the same order and synced as often, nothing else. */
  readonly controlRowsPerSecond: number;
  /** Of this process, microseconds a row: what a busy machine does not change. */
  readonly cpuMicroseconds: number;
  /** Of the table of rows, a row. */
  readonly rowOctets: number;
  /** Of the journal, a change. */
  readonly journalOctets: number;
  /** Of the whole file, a row. */
  readonly fileOctets: number;
}

const TARGET = { issuer: 1, origin: "synthetic", shard: 0 } as const;
const VALIDITY = { notBefore: 1_780_000_000, notAfter: 1_900_000_000 };
const GOOD = {
  state: "good",
  notAfter: VALIDITY.notAfter,
  reason: 0,
  revocationTime: 0,
  invalidityDate: 0,
} as const;
/** As `npm run seed` asks for. */
const PART = 65_536;
const SERIAL_OCTETS = 16;

/**
 * Imports into an empty store. `sorted`: a synthetic population of which a hundredth is revoked, part after part.
 * `unsorted`: good rows with serials as this program gives them out, in the order in which they were drawn, all in
 * memory and sorted first.
 */
export async function benchImport(
  store: StoreOptions,
  certificates: number,
  order: "sorted" | "unsorted",
): Promise<ImportResult> {
  const writer = new StatusWriter(store, systemClock);
  const serials = order === "unsorted" ? randomSerials(certificates) : undefined;
  const cpu = process.cpuUsage();
  const started = performance.now();
  if (serials === undefined) await importPopulation(writer, certificates);
  else await importRows(writer, TARGET, packed(serials));
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  await writer.close();
  const { rows, journal, file } = await storeOctets(store);
  return {
    controlRowsPerSecond: Math.round(await controlRate(store, `${store.dir}-control`)),
    cpuMicroseconds: (user + system) / certificates,
    rowsPerSecond: Math.round(certificates / seconds),
    rowOctets: rows / certificates,
    journalOctets: journal / certificates,
    fileOctets: file / certificates,
  };
}

/** A hundredth of it is revoked. */
export async function importPopulation(writer: StatusWriter, certificates: number): Promise<void> {
  const population = { certificates, revoked: Math.floor(certificates / 100) };
  for (let from = 0; from < certificates; from += PART)
    await importRows(
      writer,
      TARGET,
      populationRows(population, from, Math.min(from + PART, certificates), VALIDITY),
    );
}

function randomSerials(count: number): Buffer {
  const serials = Buffer.concat(
    Array.from({ length: Math.ceil(count / PART) }, () => randomBytes(PART * SERIAL_OCTETS)),
  );
  for (let at = 0; at < serials.length; at += SERIAL_OCTETS) serials[at] = 0x80 | (serials[at] as number);
  return serials.subarray(0, count * SERIAL_OCTETS);
}

function packed(serials: Buffer): RowPacker {
  const rows = new RowPacker();
  for (let at = 0; at < serials.length; at += SERIAL_OCTETS)
    rows.add(serials.subarray(at, at + SERIAL_OCTETS), GOOD);
  return rows;
}
