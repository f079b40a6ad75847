import { Command, InvalidArgumentError, Option } from "commander";
import { crlRebuilds } from "./crl-rebuilds.js";
import { downloads } from "./downloads.js";
import { hostileClients } from "./hostile-clients.js";
import { issuers } from "./issuers.js";
import { malformed } from "./malformed.js";
import { reload } from "./reload.js";
import { revocations } from "./revocations.js";
import { token } from "./token.js";

/** Runs that take too long for `npm test`: the same code, a longer budget, figures at the end; exit 1 if something must not be. */

const count = (text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("expected a whole number from 1");
  return value;
};

const program = new Command("soak").description(
  "Long runs against issuer and responder as real processes, on loopback, in a temporary directory.",
);
program
  .command("revocations")
  .description("change a status, then ask at once: no answer may be stale (invariant 1)")
  .option("--rounds <n>", "changes of status", count, 1_000_000)
  .option("--processes <n>", "responder processes", count, 2)
  .action(revocations);
program
  .command("token")
  .description("lose the OCSP token under load and bring it back (invariant 9)")
  .option("--rate <n>", "cached requests a second", count, 2_000)
  .option("--outage <seconds>", "how long each loss lasts", count, 30)
  .option("--processes <n>", "responder processes", count, 2)
  .action(token);
program
  .command("hostile-clients")
  .description("half load beside idle, slow and half-open connections and junk requests (invariant 9)")
  .option("--slow <n>", "connections that finish nothing", count, 200)
  .option("--junk <n>", "junk requests a second", count, 1_000)
  .option("--seconds <n>", "length of a phase", count, 20)
  .option("--pairs <n>", "quiet and hostile phases in turn", count, 3)
  .option("--processes <n>", "responder processes", count, 1)
  .action(hostileClients);
program
  .command("reload")
  .description("SIGHUP under load: no request may fail")
  .option("--rate <n>", "requests a second", count, 5_000)
  .option("--reloads <n>", "how many", count, 10)
  .option("--processes <n>", "responder processes", count, 2)
  .action(reload);
program
  .command("malformed")
  .description(
    "generated requests, in order and broken: only answers that the table of bad inputs names (standards P)",
  )
  .option("--requests <n>", "how many", count, 1_000_000)
  .option("--seed <n>", "repeats another run", count, 1 + (Date.now() % 2 ** 31))
  .action(malformed);
program
  .command("issuers")
  .description("many CAs in one responder: how long its start takes")
  .option("--count <n>", "how many", count, 1_000)
  .action(issuers);
program
  .command("crl-rebuilds")
  .description("a large CRL is rebuilt every 10 s: no revocation waits for it")
  .option("--entries <n>", "entries of the CRL", count, 1_000_000)
  .option("--seconds <n>", "how long", count, 60)
  .action(crlRebuilds);
program
  .command("downloads")
  .description(
    "slow downloads of a large CRL beside OCSP requests: memory, descriptors, p99 (F20, invariant 9)",
  )
  .option("--readers <n>", "slow downloads at a time", count, 1_000)
  .option("--octets <n>", "size of the CRL", count, 50_000_000)
  .option("--pace <n>", "octets a second that each takes", count, 20_000)
  .option("--rate <n>", "OCSP requests a second", count, 2_000)
  .option("--seconds <n>", "length of a phase", count, 20)
  .option("--pairs <n>", "phases without and with readers in turn", count, 3)
  .addOption(new Option("--transport <name>", "of the responder").choices(["uws", "http1"]).default("uws"))
  .action(downloads);

try {
  await program.parseAsync();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
