import { join } from "node:path";
import { Gauge, type Registry } from "prom-client";
import type { Config } from "../core/config.js";
import type { CrlHeader } from "../crl/header.js";
import { readFileOutline } from "../crl/outline.js";
import { publishedNames } from "../crl/published-names.js";

/**
 * What alarms watch of every CRL that is served: times, to be compared with the present, and size. Read from the files
 * when somebody scrapes; a file that is no CRL has none of them, which an alarm sees too.
 */
export function registerCrlGauges(registry: Registry, config: () => Config): void {
  const gauge = (name: string, help: string, collect?: () => void): Gauge =>
    new Gauge({ name, help, labelNames: ["crl"], registers: [registry], ...(collect && { collect }) });
  // Collected first, it sets the others too, so that each file is read once.
  const thisUpdate = gauge("sekisho_crl_this_update_seconds", "thisUpdate of a CRL, as unix time", () => {
    for (const each of [thisUpdate, nextUpdate, size]) each.reset();
    for (const { crl, header, octets } of served(config())) {
      thisUpdate.set({ crl }, header.thisUpdate);
      nextUpdate.set({ crl }, header.nextUpdate ?? 0);
      size.set({ crl }, octets);
    }
  });
  const nextUpdate = gauge(
    "sekisho_crl_next_update_seconds",
    "nextUpdate of a CRL, as unix time: relying parties refuse it from then on",
  );
  const size = gauge("sekisho_crl_octets", "Size of a CRL");
}

interface Served {
  readonly crl: string;
  readonly header: CrlHeader;
  readonly octets: number;
}

function served({ crl, issuers }: Config): Served[] {
  return Object.keys(issuers).flatMap((issuer) =>
    publishedNames(crl.dir, issuer).flatMap((name) => {
      try {
        const { outline, octets } = readFileOutline(join(crl.dir, name));
        return [{ crl: name, header: outline.header, octets }];
      } catch {
        return [];
      }
    }),
  );
}
