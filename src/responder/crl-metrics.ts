import { join } from "node:path";
import { Gauge, type Registry } from "prom-client";
import type { Config } from "../core/config.js";
import { type CrlGlance, peekCrl } from "../crl/peek.js";
import { publishedNames } from "../crl/published-names.js";

/**
 * What alarms watch of every CRL that is served: times, to be compared with the present, and size. Read from the files
 * when somebody scrapes; a file that is no CRL has none of them, which an alarm sees too.
 */
export function registerCrlGauges(registry: Registry, config: () => Config): void {
  const gauge = (name: string, help: string, value: (crl: CrlGlance) => number): void => {
    new Gauge({
      name,
      help,
      labelNames: ["crl"],
      registers: [registry],
      collect() {
        this.reset();
        for (const { crl, glance } of served(config())) this.set({ crl }, value(glance));
      },
    });
  };
  gauge(
    "sekisho_crl_this_update_seconds",
    "thisUpdate of a CRL, as unix time",
    ({ header }) => header.thisUpdate,
  );
  gauge(
    "sekisho_crl_next_update_seconds",
    "nextUpdate of a CRL, as unix time: relying parties refuse it from then on",
    ({ header }) => header.nextUpdate ?? 0,
  );
  gauge("sekisho_crl_octets", "Size of a CRL", ({ octets }) => octets);
}

function served({ crl, issuers }: Config): { crl: string; glance: CrlGlance }[] {
  return Object.keys(issuers).flatMap((issuer) =>
    publishedNames(crl.dir, issuer).flatMap((name) => {
      try {
        return [{ crl: name, glance: peekCrl(join(crl.dir, name)) }];
      } catch {
        return [];
      }
    }),
  );
}
