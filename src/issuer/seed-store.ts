import type { RequestOf, ResultOf } from "../control/messages.js";
import type { Config } from "../core/config.js";
import { SekishoError } from "../core/errors.js";
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
  const { issuer, certificate } = authorities.get(id);
  const to = Math.min(from + count, population.certificates);
  const rows = populationRows(population, from, to, certificate);
  const outcome = await importRows(status, { issuer, origin: "synthetic", shard: 0 }, rows);
  return { issuer: id, ...outcome, journal: status.reader.head().position };
}
