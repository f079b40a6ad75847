import { Command, CommanderError } from "commander";
import { errorLine, SekishoError, toSekishoError } from "../core/errors.js";
import { addAuditCommands } from "./audit.js";
import { addCaCommands } from "./ca.js";
import { addCertCommands } from "./cert.js";
import { addCrlCommands } from "./crl.js";
import { addDoctorCommand } from "./doctor.js";
import { addServiceCommands, type Services } from "./services.js";
import { addStatusCommand } from "./status.js";

/** Runs one command line; sets the process's exit code and never throws. `services` are what stands above the CLI. */
export async function runProgram(argv: readonly string[], services: Services): Promise<void> {
  try {
    await buildProgram(services).parseAsync(argv);
  } catch (error) {
    const fault = error instanceof CommanderError ? usageError(error) : toSekishoError(error);
    if (fault === undefined) return;
    process.exitCode = fault.exit;
    process.stderr.write(`${errorLine(fault)}\n`);
  }
}

function buildProgram(services: Services): Command {
  const program = new Command("sekisho")
    .description("OCSP responder and CRL engine, and the CA operations around it")
    .exitOverride()
    // The error line is ours: commander's own would be a second one.
    .configureOutput({ writeErr: () => {} })
    // `responder` is a service and a group of commands: options after `enrol` belong to `enrol`.
    .enablePositionalOptions();
  addServiceCommands(program, services);
  addCaCommands(program);
  addCertCommands(program);
  addCrlCommands(program);
  addStatusCommand(program);
  addAuditCommands(program);
  addDoctorCommand(program);
  return program;
}

/** What commander throws: help that was asked for is no error. */
function usageError({ code, message }: CommanderError): SekishoError | undefined {
  if (code === "commander.helpDisplayed") return undefined;
  const text = code === "commander.help" ? "name a command; `sekisho --help` lists them" : message;
  return new SekishoError("USAGE", text.replace(/^error: /, ""));
}
