import type { RequestOf, ResultOf } from "../control/messages.js";
import type { Config } from "../core/config.js";
import { SekishoError } from "../core/errors.js";
import { ALL } from "../crl/scope.js";
import { MAX_CHANGES } from "../store/journal-record.js";
import type { StatusWriter } from "../store/status-writer.js";
import type { Authorities } from "./authority.js";
import { importRows } from "./import-rows.js";
import { populationRows } from "./synthetic-population.js";

export interface SeedContext {
  readonly config: Config;
  readonly status: StatusWriter;
  readonly authorities: Authorities;
}

export type SeedRequest = Pick<RequestOf<"store.seed">, "issuer" | "population" | "from" | "count">;

/**
 * Puts a part of a synthetic population into the store; what is there already stays as it is. Everything is on disk when
 * it resolves. Throws SYNTHETIC_REFUSED in production, ISSUER_UNKNOWN.
 */
export async function seedStore(
  { config, status, authorities }: SeedContext,
  { issuer: id, population, from, count }: SeedRequest,
): Promise<ResultOf<"store.seed">> {
  if (config.production)
    throw new SekishoError("SYNTHETIC_REFUSED", "production = true: no synthetic certificates");
  const {
    issuer,
    certificate,
    config: { crl },
  } = authorities.get(id);
  const end = Math.min(from + count, population.certificates);
  let [imported, present] = [0, 0];
  for (let at = from, to = end; at < end; at = to) {
    if (crl.shards !== undefined) to = Math.min(end, endOfStretch(at));
    const rows = populationRows(population, at, to, certificate);
    const shard = crl.shards === undefined ? ALL : shardOf(at, crl.shards);
    const outcome = await importRows(status, { issuer, origin: "synthetic", shard }, rows);
    imported += outcome.imported;
    present += outcome.present;
  }
  return { issuer: id, imported, present, journal: status.reader.head().position };
}

/** Numbers next to each other that are in one shard: rows come in ascending order, and a journal record is of one shard. */
const STRETCH = MAX_CHANGES;

const endOfStretch = (number: number): number => (Math.floor(number / STRETCH) + 1) * STRETCH;

/** Shards by turns. */
const shardOf = (number: number, shards: number): number => 1 + (Math.floor(number / STRETCH) % shards);
