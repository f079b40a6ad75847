import type { Operator } from "../../src/admin/operator.js";
import { ControlClient } from "../../src/control/client.js";
import type { ResultOf } from "../../src/control/messages.js";
import { systemClock } from "../../src/core/clock.js";
import { bootClock, ClockGuard } from "../../src/core/clock-guard.js";
import type { Config } from "../../src/core/config.js";
import { isSekishoError, SekishoError } from "../../src/core/errors.js";
import { openLog } from "../../src/core/log.js";
import { openIssuerCore } from "../../src/issuer/core.js";
import { seedStore } from "../../src/issuer/seed-store.js";
import type { Population } from "../../src/issuer/synthetic-population.js";

/** Puts parts of a population into a store. */
export interface Seeder {
  /** The way it takes, for people. */
  readonly how: string;
  /** The numbers from `from` on, `count` of them. On disk when it resolves. */
  seed(population: Population, from: number, count: number): Promise<ResultOf<"store.seed">>;
  close(): Promise<void>;
}

/** Through the issuer if one answers, else into its store; then no issuer can be started until it is closed. */
export async function openSeeder(config: Config, issuer: string, operator: () => Operator): Promise<Seeder> {
  try {
    return await throughIssuer(config, issuer, operator());
  } catch (error) {
    if (!isSekishoError(error, "CONTROL_UNREACHABLE")) throw error;
    return intoStore(config, issuer);
  }
}

async function throughIssuer(config: Config, issuer: string, operator: Operator): Promise<Seeder> {
  const client = await ControlClient.connect({
    socket: config.control.socket,
    installation: config.installation,
    operator: operator.name,
    privateKey: operator.privateKey,
  });
  return {
    how: "through the issuer's socket",
    async seed(population, from, count) {
      const acting = { role: "administrator", approvals: [] as [] } as const;
      const request = { op: "store.seed", issuer, population, from, count, ...acting } as const;
      const { result } = await client.request<"store.seed">(request);
      if (result === undefined) throw new SekishoError("INTERNAL", "the issuer waits for an approval");
      return result;
    },
    close: async () => client.close(),
  };
}

/** As the issuer itself would: its store, its lock, its audit log. */
async function intoStore(config: Config, issuer: string): Promise<Seeder> {
  const core = await openIssuerCore(config, new ClockGuard(systemClock, bootClock()), openLog("seed"));
  try {
    await core.audit.append("service.start", { service: "seed", issuer });
    core.authorities.get(issuer);
  } catch (error) {
    await core.close();
    throw error;
  }
  return {
    how: "into the store of an issuer that does not run",
    async seed(population, from, count) {
      const outcome = await seedStore(core, { issuer, population, from, count });
      const { imported, present, journal } = outcome;
      await core.audit.append("store.seeded", { issuer, from, count, imported, present, journal });
      return outcome;
    },
    async close() {
      await core.audit.append("service.stop", { service: "seed" });
      await core.close();
    },
  };
}
