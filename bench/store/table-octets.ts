import { statSync } from "node:fs";
import { join } from "node:path";
import { openForReading, type StoreOptions, statusEnvironment } from "../../src/store/environment.js";
import { statusTables } from "../../src/store/status-tables.js";

interface Stats {
  readonly pageSize: number;
  readonly treeBranchPageCount: number;
  readonly treeLeafPageCount: number;
  readonly overflowPages: number;
}

export interface StoreOctets {
  /** All pages of the rows table and of the journal. */
  readonly rows: number;
  readonly journal: number;
  /** The whole file, with the other tables and the pages that are free. */
  readonly file: number;
}

/** What the tables of a store that nobody has open take on disk. */
export async function storeOctets(store: StoreOptions): Promise<StoreOctets> {
  const environment = openForReading(statusEnvironment(store));
  const tables = statusTables(environment);
  const octets = (name: "rows" | "journal"): number => {
    const stats = tables[name].getStats() as Stats;
    return stats.pageSize * (stats.treeBranchPageCount + stats.treeLeafPageCount + stats.overflowPages);
  };
  const file = statSync(join(store.dir, "status", "data.mdb")).size;
  const found = { rows: octets("rows"), journal: octets("journal"), file };
  await environment.close();
  return found;
}
