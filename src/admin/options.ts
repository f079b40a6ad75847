import type { Command } from "commander";
import { type Config, loadConfig } from "../core/config.js";
import { SekishoError } from "../core/errors.js";

/** What every command takes. */
export interface CommonOptions {
  readonly config: string;
  readonly issuer?: string;
  readonly operator?: string;
  readonly json?: boolean;
}

interface CommandHelp {
  readonly does: string;
  /** One command line without `sekisho`. */
  readonly example: string;
}

const EXIT_CODES = `Exit codes:
  0  done
  1  refused or failed; one line "error CODE: message" on stderr
  2  wrong usage or configuration; nothing was done
  3  filed: waits for approval; prints "request ID"`;

/** Adds a command with the common options and a help that shows one example and the exit codes. */
export function addCommand(
  parent: Command,
  nameAndArguments: string,
  { does, example }: CommandHelp,
): Command {
  return parent
    .command(nameAndArguments)
    .description(does)
    .option("--config <file>", "configuration of the installation", "./sekisho.toml")
    .option("--issuer <id>", "issuer of the configuration (default: the only one)")
    .option("--operator <name>", "who asks (default: the only operator with a key file)")
    .option("--json", "print one JSON document")
    .addHelpText("after", `\nExample:\n  sekisho ${example}\n\n${EXIT_CODES}`);
}

/** The configuration and the issuer that a command is about. Throws CONFIG_*, USAGE or ISSUER_UNKNOWN. */
export function configAndIssuer(options: CommonOptions): { config: Config; issuer: string } {
  const config = loadConfig(options.config);
  return { config, issuer: chooseIssuer(config, options.issuer) };
}

/** Throws ISSUER_UNKNOWN, or USAGE if there are several and none is named. */
export function chooseIssuer(config: Config, named: string | undefined): string {
  const ids = Object.keys(config.issuers);
  if (named !== undefined) {
    if (ids.includes(named)) return named;
    throw new SekishoError("ISSUER_UNKNOWN", `the configuration has no issuer "${named}"`);
  }
  const [only, ...others] = ids;
  if (only === undefined) throw new SekishoError("ISSUER_UNKNOWN", "the configuration has no issuer");
  if (others.length > 0) throw new SekishoError("USAGE", `name one with --issuer: ${ids.join(", ")}`);
  return only;
}
