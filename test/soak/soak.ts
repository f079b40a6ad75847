import { Command, InvalidArgumentError } from "commander";
import { revocations } from "./revocations.js";

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

try {
  await program.parseAsync();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
