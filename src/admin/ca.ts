import type { Command } from "commander";
import { dateArgument } from "./arguments.js";
import { addCommand, type CommonOptions, configAndIssuer } from "./options.js";
import { aligned } from "./output.js";
import { report, withSession } from "./session.js";

/** `sekisho ca create`, `sekisho ca compromised` */
export function addCaCommands(program: Command): void {
  const ca = program.command("ca").description("certification authorities");
  addCommand(ca, "create", {
    does: "Generate an issuer's key in its token and issue its certificate",
    example: "ca create --issuer root",
  }).action(create);
  addCommand(ca, "compromised", {
    does: "Record that an issuer's key is compromised: OCSP calls all its certificates revoked, for ever",
    example: "ca compromised --issuer root --since 2026-11-24T00:00:00Z",
  })
    .option("--since <date>", "when it was compromised (default: now)")
    .action(compromised);
}

async function compromised(options: CommonOptions & { readonly since?: string }): Promise<void> {
  const { config, issuer } = configAndIssuer(options);
  const since = options.since === undefined ? {} : { since: dateArgument(options.since, Date.now()) };
  const outcome = await withSession(config, options, ({ client, acting }) =>
    client.request({ op: "ca.compromised", issuer, ...since, ...acting }),
  );
  report(outcome, options, (result) =>
    aligned([
      ["compromised", result.issuer],
      ["since", result.since],
      ["journal", result.journal],
    ]),
  );
}

async function create(options: CommonOptions): Promise<void> {
  const { config, issuer } = configAndIssuer(options);
  const outcome = await withSession(config, options, ({ client, acting }) =>
    client.request({ op: "ca.create", issuer, ...acting }),
  );
  report(outcome, options, (result) =>
    aligned([
      ["created", result.issuer],
      ["journal", result.journal],
    ]),
  );
}
