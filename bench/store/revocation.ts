import { MAX_CHANGES } from "../../src/control/messages.js";
import { systemClock } from "../../src/core/clock.js";
import { changeStatus } from "../../src/issuer/change-status.js";
import { syntheticSerial } from "../../src/issuer/synthetic-population.js";
import type { StoreOptions } from "../../src/store/environment.js";
import { StatusWriter } from "../../src/store/status-writer.js";
import { importPopulation } from "./import.js";
import { storeOctets } from "./table-octets.js";

export interface RevocationResult {
  readonly revocations: number;
  /** In lists of 4,096, each on disk before the next is begun, as `cert revoke --file` asks for them. */
  readonly revocationsPerSecond: number;
  readonly journalOctets: number;
}

const MOST = 100_000;

/** Revokes serials from all over a population. */
export async function benchRevocation(store: StoreOptions, certificates: number): Promise<RevocationResult> {
  const filling = new StatusWriter(store, systemClock);
  await importPopulation(filling, certificates);
  await filling.close();
  const before = await storeOctets(store);
  const writer = new StatusWriter(store, systemClock);
  const step = Math.ceil(certificates / MOST);
  const serials = Array.from({ length: Math.floor(certificates / step) }, (_, n) =>
    syntheticSerial(n * step),
  );
  const started = performance.now();
  let revocations = 0;
  for (let at = 0; at < serials.length; at += MAX_CHANGES) {
    const wanted = serials.slice(at, at + MAX_CHANGES).map((serial) => {
      return { act: "revoke", serial, reason: 1, invalidityDate: 0 } as const;
    });
    const outcomes = await changeStatus(writer, 1, wanted, Math.floor(systemClock.nowMs() / 1000));
    revocations += outcomes.filter((outcome) => "row" in outcome).length;
  }
  const seconds = (performance.now() - started) / 1000;
  await writer.close();
  const after = await storeOctets(store);
  return {
    revocations,
    revocationsPerSecond: Math.round(revocations / seconds),
    journalOctets: (after.journal - before.journal) / revocations,
  };
}
