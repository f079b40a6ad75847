import type { Command } from "commander";
import { addCommand, type CommonOptions, configAndIssuer } from "./options.js";
import { aligned } from "./output.js";
import { report, withSession } from "./session.js";

/** `sekisho ca create` */
export function addCaCommands(program: Command): void {
  const ca = program.command("ca").description("certification authorities");
  addCommand(ca, "create", {
    does: "Generate an issuer's key in its token and issue its certificate",
    example: "ca create --issuer root",
  }).action(create);
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
