import type { Command } from "commander";
import { addEnrolCommand } from "./responder.js";

/** The services that the program can run, each until it is told to stop. */
export interface Services {
  runIssuer(configFile: string): Promise<void>;
  runResponder(configFile: string): Promise<void>;
}

/** `sekisho issuer|responder --config F`, and `responder enrol` below the latter. */
export function addServiceCommands(program: Command, services: Services): void {
  addService(program, "issuer", "Run the issuer: the only writer, on a unix socket", services.runIssuer);
  addEnrolCommand(
    addService(
      program,
      "responder",
      "Run a responder: OCSP and the repository over HTTP",
      services.runResponder,
    ),
  );
}

function addService(
  program: Command,
  name: string,
  does: string,
  run: (configFile: string) => Promise<void>,
): Command {
  return program
    .command(name)
    .description(does)
    .option("--config <file>", "configuration of the installation", "./sekisho.toml")
    .addHelpText(
      "after",
      `\nExample:\n  sekisho ${name} --config /etc/sekisho/sekisho.toml\n\nStops at SIGINT or SIGTERM.`,
    )
    .action(({ config }: { readonly config: string }) => run(config));
}
