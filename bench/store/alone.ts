import { randomBytes } from "node:crypto";
import { systemClock } from "../../src/core/clock.js";
import type { StoreOptions } from "../../src/store/environment.js";
import { StatusWriter } from "../../src/store/status-writer.js";
import { randomSerial } from "../../src/x509/serial.js";
import { storeOctets } from "./table-octets.js";

export interface AloneResult {
  readonly certificates: number;
  readonly rowOctets: number;
  readonly journalOctets: number;
  readonly fileOctets: number;
}

/** Changes under way at one time. */
const AT_ONCE = 64;

/** Issues one certificate after another, a journal record each, with serials in the random order in which they are drawn. */
export async function benchAlone(store: StoreOptions, certificates: number): Promise<AloneResult> {
  const writer = new StatusWriter(store, systemClock);
  const certificateHash = randomBytes(32);
  const issue = (): Promise<number> =>
    writer.transact((transaction) =>
      transaction.append({
        kind: "changes",
        changes: [
          {
            op: "issue",
            issuer: 1,
            serial: randomSerial(),
            notAfter: 1_900_000_000,
            shard: 0,
            certificateHash,
          },
        ],
      }),
    );
  for (let done = 0; done < certificates; done += AT_ONCE)
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, certificates - done) }, issue));
  await writer.close();
  const { rows, journal, file } = await storeOctets(store);
  return {
    certificates,
    rowOctets: rows / certificates,
    journalOctets: journal / certificates,
    fileOctets: file / certificates,
  };
}
