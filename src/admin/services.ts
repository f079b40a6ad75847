import { type Command, InvalidArgumentError } from "commander";
import { MAX_PROCESSES } from "../core/config-schema.js";
import { addEnrolCommand } from "./responder.js";

/** The services that the program can run, each until it is told to stop. */
export interface Services {
  runIssuer(configFile: string): Promise<void>;
  /** `processes` absent: as the configuration says. */
  runResponder(configFile: string, processes?: number): Promise<void>;
}

/** `sekisho issuer|responder --config F`, and `responder enrol` below the latter. */
export function addServiceCommands(program: Command, services: Services): void {
  addService(program, "issuer", "Run the issuer: the only writer, on a unix socket").action(
    ({ config }: { readonly config: string }) => services.runIssuer(config),
  );
  const responder = addService(program, "responder", "Run a responder: OCSP and the repository over HTTP");
  responder
    .option("--processes <n>", "responder processes (default: what the configuration says)", processCount)
    .addHelpText("after", "SIGHUP reads the configuration again and replaces the processes one by one.")
    .action(({ config, processes }: { readonly config: string; readonly processes?: number }) =>
      services.runResponder(config, processes),
    );
  addEnrolCommand(responder);
}

function addService(program: Command, name: string, does: string): Command {
  return program
    .command(name)
    .description(does)
    .option("--config <file>", "configuration of the installation", "./sekisho.toml")
    .addHelpText(
      "after",
      `\nExample:\n  sekisho ${name} --config /etc/sekisho/sekisho.toml\n\nStops at SIGINT or SIGTERM.`,
    );
}

function processCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > MAX_PROCESSES)
    throw new InvalidArgumentError(`expected a number from 1 to ${MAX_PROCESSES}`);
  return count;
}
