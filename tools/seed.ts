import { Command, InvalidArgumentError } from "commander";
import { openOperator } from "../src/admin/operator.js";
import { chooseIssuer } from "../src/admin/options.js";
import { MAX_POPULATION, MAX_SEED } from "../src/control/messages.js";
import { type Config, loadConfig } from "../src/core/config.js";
import { errorLine, SekishoError, toSekishoError } from "../src/core/errors.js";
import { stopSignal } from "../src/core/stop-signal.js";
import { isRevoked, type Population, syntheticSerial } from "../src/issuer/synthetic-population.js";
import { serialText } from "../src/x509/serial.js";
import { Progress } from "./seed/progress.js";
import { openSeeder, type Seeder } from "./seed/seeder.js";

/**
 * Fills a store with a synthetic population. Exit 0 if all of it is there; 1 if it was refused, failed or was stopped;
 * 2 for a wrong command line or configuration.
 */

interface Options {
  readonly config: string;
  readonly certs: number;
  readonly revoked: number;
  readonly issuer?: string;
  readonly operator?: string;
  readonly dryRun: boolean;
}

/** On disk, with the journal; a revoked one stands in the index of revoked ones too. */
const GOOD_OCTETS = 85;
const REVOKED_OCTETS = 75;

const HELP = `
The certificates are made up: nobody signed them and nobody has their keys, but OCSP answers and CRLs treat them as if
they had been issued. They are marked as synthetic in \`sekisho status\` and \`sekisho cert show\`, and
\`production = true\` refuses them, and a store that holds any.

Certificate number n has the same serial everywhere: 5e, n in 6 octets, 10 octets that look random. The revoked ones
are spread evenly. A second run adds what is missing and leaves alone what is there, so that a run that was stopped
or killed is gone on with by the same command line, and a population grows by a larger --certs.

It goes through the issuer's socket while the issuer runs (an operator who is administrator asks), and writes the store
itself while it does not; an issuer that is started meanwhile is refused. On disk it takes some ${GOOD_OCTETS} octets a certificate,
and ${REVOKED_OCTETS} more for a revoked one.

Examples:
  npm run seed -- --config sekisho-demo/sekisho.toml --certs 1000000 --revoked 10000
  npm run seed -- --config sekisho-demo/sekisho.toml --certs 1000 --revoked 0 --dry-run
  npx sekisho crl issue --config sekisho-demo/sekisho.toml     # lists the revoked ones

Exit codes: 0 all of it is there; 1 refused, failed or stopped; 2 wrong usage or configuration.`;

function parseOptions(): Options {
  const number = (text: string): number => {
    const value = Number(text);
    if (!/^\d{1,9}$/.test(text) || value > MAX_POPULATION)
      throw new InvalidArgumentError(`expected a number up to ${MAX_POPULATION}`);
    return value;
  };
  return new Command("seed")
    .description("Fills a store with a synthetic population, for load tests.")
    .requiredOption("--certs <n>", "certificates in all, those of earlier runs included", number)
    .requiredOption("--revoked <m>", "how many of them are revoked", number)
    .option("--config <file>", "configuration of the installation", "./sekisho.toml")
    .option("--issuer <id>", "whose certificates they are (default: the only issuer)")
    .option("--operator <name>", "who asks the issuer (default: the only operator with a key file)")
    .option("--dry-run", "only say what would be done", false)
    .addHelpText("after", HELP)
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .parse()
    .opts<Options>();
}

async function main(): Promise<void> {
  const options = parseOptions();
  const { certs, revoked } = options;
  if (certs === 0) throw new SekishoError("USAGE", "--certs is at least 1");
  if (revoked > certs) throw new SekishoError("USAGE", "--revoked is at most --certs");
  const population: Population = { certificates: certs, revoked };
  const config = loadConfig(options.config);
  const issuer = chooseIssuer(config, options.issuer);
  if (config.production)
    throw new SekishoError("SYNTHETIC_REFUSED", "production = true: no synthetic certificates");
  const what = `${certs} certificates of issuer ${issuer}, ${revoked} revoked`;
  if (options.dryRun) {
    const megabytes = Math.ceil((certs * GOOD_OCTETS + revoked * REVOKED_OCTETS) / 1e6);
    console.log(`would see to it that there are ${what}: up to ${megabytes} MB in ${config.store.dir}`);
    return;
  }
  const seeder = await openSeeder(config, issuer, () => openOperator(config, options.operator));
  try {
    console.log(`${what}, ${seeder.how}`);
    if (await seed(seeder, population)) explain(config, issuer, population);
    else process.exitCode = 1;
  } finally {
    await seeder.close();
  }
}

/** Seeds part after part until all is there, or somebody stops it: then false, after the part under way. */
async function seed(seeder: Seeder, population: Population): Promise<boolean> {
  let stopped = false;
  stopSignal().then(() => {
    stopped = true;
  });
  const { certificates } = population;
  const progress = new Progress(certificates);
  let imported = 0;
  let from = 0;
  while (from < certificates && !stopped) {
    const part = await seeder.seed(population, from, Math.min(MAX_SEED, certificates - from));
    imported += part.imported;
    from = Math.min(from + MAX_SEED, certificates);
    progress.show(from);
  }
  progress.clear();
  const { seconds } = progress;
  const rate = Math.round(imported / seconds);
  console.log(
    `${imported} added in ${seconds.toFixed(1)} s (${rate}/s), ${from - imported} were there before`,
  );
  if (from === certificates) return true;
  console.log(`stopped at ${from} of ${certificates}; the same command goes on from there`);
  return false;
}

function explain({ responder, issuers }: Config, issuer: string, population: Population): void {
  const numbers = Array.from({ length: Math.min(population.certificates, 1_000_000) }, (_, n) => n);
  const example = (wanted: boolean): string | undefined => {
    const n = numbers.find((each) => isRevoked(population, each) === wanted);
    return n === undefined ? undefined : `0x${serialText(syntheticSerial(n))}`;
  };
  console.log(`Ask for one (issuer.pem: the certificate of ${issuers[issuer]?.subject.commonName}):`);
  for (const [state, serial] of [
    ["good", example(false)],
    ["revoked", example(true)],
  ])
    if (serial !== undefined)
      console.log(
        `  openssl ocsp -issuer issuer.pem -serial ${serial} -url ${responder.publicUrl}/ocsp   # ${state}`,
      );
}

main().catch((error: unknown) => {
  const { code, message } = error as { code?: string; message: string };
  if (code === "commander.helpDisplayed") return;
  const fault = code?.startsWith("commander.")
    ? new SekishoError("USAGE", message.replace(/^error: /, ""))
    : toSekishoError(error);
  console.error(errorLine(fault));
  process.exitCode = fault.exit;
});
