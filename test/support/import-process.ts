import { pathToFileURL } from "node:url";
import { importRows } from "../../src/issuer/import-rows.js";
import { type Population, populationRows } from "../../src/issuer/synthetic-population.js";
import { openWriter } from "./store.js";

export const IMPORTED: Population = { certificates: 200_000, revoked: 2_000 };
/** Several journal records, so that a part can be killed in its middle. */
export const IMPORT_PART = 8_192;

const VALIDITY = { notBefore: 1_780_000_000, notAfter: 1_900_000_000 };

/** A process of its own that imports a population into DIR from its beginning; says after each part how far it is. */
async function main(dir: string): Promise<void> {
  const writer = openWriter(dir);
  const { certificates } = IMPORTED;
  for (let from = 0; from < certificates; from += IMPORT_PART) {
    const to = Math.min(from + IMPORT_PART, certificates);
    const rows = populationRows(IMPORTED, from, to, VALIDITY);
    await importRows(writer, { issuer: 1, origin: "synthetic", shard: 0 }, rows);
    process.stdout.write(`${to}\n`);
  }
  await writer.close();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main(process.argv[2] as string);
