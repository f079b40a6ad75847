import type { Transaction } from "lmdb";
import { SekishoError } from "../../src/core/errors.js";
import {
  caEnvironment,
  type Environment,
  openForReading,
  openTable,
  type StoreOptions,
  statusEnvironment,
  type Table,
} from "../../src/store/environment.js";
import { STATUS_TABLES, statusTables } from "../../src/store/status-tables.js";

export interface Entry {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** A table as it was at one moment, whatever is committed meanwhile. */
export class TableView {
  constructor(
    private readonly table: Table,
    private readonly transaction: Transaction,
  ) {}

  get(key: Buffer): Buffer | undefined {
    return this.table.get(key, { transaction: this.transaction });
  }

  entries(range: { start?: Buffer; end?: Buffer } = {}): Iterable<Entry> {
    return this.table.getRange({ ...range, transaction: this.transaction });
  }
}

/** The tables of a read-only environment in one snapshot. */
export interface View<Name extends string> {
  readonly tables: Readonly<Record<Name, TableView>>;
  close(): void;
}

const CA_TABLES = ["certificates", "requests", "pending", "crl-numbers"] as const;

export type StatusView = View<(typeof STATUS_TABLES)[number]>;
export type CaView = View<(typeof CA_TABLES)[number]>;

/** Opens the status environment in its newest snapshot. Throws STORE_FAILED, STORE_LAYOUT or STORE_FOREIGN. */
export function viewStatus(options: StoreOptions): StatusView {
  const environment = openForReading(statusEnvironment(options));
  const tables = statusTables(environment);
  return view(environment, STATUS_TABLES, (name) => tables[name]);
}

/** Opens the certificate store in its newest snapshot. Throws like `viewStatus`. */
export function viewCa(options: StoreOptions): CaView {
  const environment = openForReading(caEnvironment(options));
  return view(environment, CA_TABLES, (name) => openTable(environment, name));
}

function view<Name extends string>(
  environment: Environment,
  names: readonly Name[],
  table: (name: Name) => Table | undefined,
): View<Name> {
  const found = names.map((name) => ({ name, table: table(name) }));
  // After all tables are open: opening one ends the read transactions that lmdb holds.
  const transaction = environment.useReadTransaction();
  const tables = {} as Record<Name, TableView>;
  for (const { name, table } of found) {
    if (table === undefined) throw differs(`table ${name} is missing`);
    tables[name] = new TableView(table, transaction);
  }
  return {
    tables,
    close() {
      transaction.done();
      environment.close();
    },
  };
}

/** The error that names the first difference. */
export function differs(what: string): SekishoError {
  return new SekishoError("STORE_DIFFERS", what);
}
