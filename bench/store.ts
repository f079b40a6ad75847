import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Command } from "commander";
import { type AloneResult, benchAlone } from "./store/alone.js";
import { benchImport, type ImportResult } from "./store/import.js";
import { benchRevocation, type RevocationResult } from "./store/revocation.js";
import { benchStartUp, type StartUpResult } from "./store/start-up.js";

/** What it costs to fill, change and open a store (DESIGN section 7). Figures are of real stores on disk, synced. */

export interface StoreBenchOptions {
  /** Certificates of the bulk runs. */
  readonly certificates: number;
  /** Where stores are made and removed; default: below the system's temporary directory. */
  readonly dir?: string;
  /** Which parts run; default: all. */
  readonly parts?: readonly Part[];
}

const PARTS = ["sorted", "unsorted", "alone", "revocation", "start-up"] as const;
export type Part = (typeof PARTS)[number];

export interface StoreBenchResults {
  readonly certificates: number;
  readonly sorted?: ImportResult;
  readonly unsorted?: ImportResult;
  readonly alone?: AloneResult;
  readonly revocation?: RevocationResult;
  readonly startUp?: StartUpResult;
}

export async function storeBench(options: StoreBenchOptions): Promise<StoreBenchResults> {
  const { certificates, parts = PARTS } = options;
  const base = mkdtempSync(join(options.dir ?? tmpdir(), "sekisho-bench-store-"));
  const store = (name: string) => ({
    dir: join(base, name),
    mapSizeGib: 64,
    installation: randomBytes(16).toString("hex"),
  });
  const has = (part: Part): boolean => parts.includes(part);
  try {
    return {
      certificates,
      ...(has("sorted") && { sorted: await benchImport(store("sorted"), certificates, "sorted") }),
      ...(has("unsorted") && { unsorted: await benchImport(store("unsorted"), certificates, "unsorted") }),
      ...(has("alone") && { alone: await benchAlone(store("alone"), Math.min(certificates, 100_000)) }),
      ...(has("revocation") && { revocation: await benchRevocation(store("revocation"), certificates) }),
      ...(has("start-up") && { startUp: await benchStartUp(join(base, "installation"), certificates) }),
    };
  } finally {
    rmSync(base, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const { certs, part } = new Command("store")
    .description("Fills, changes and opens stores of N certificates; prints one JSON document.")
    .option("--certs <n>", "certificates", (text) => Number(text), 1_000_000)
    .option("--part <name...>", `some of ${PARTS.join(", ")}`, [...PARTS])
    .parse()
    .opts<{ certs: number; part: Part[] }>();
  console.log(JSON.stringify(await storeBench({ certificates: certs, parts: part }), null, 2));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main();
