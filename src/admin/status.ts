import type { Command } from "commander";
import type { IssuerStatus, ResultOf } from "../control/messages.js";
import { loadConfig } from "../core/config.js";
import { reportFields } from "./crl.js";
import { addCommand, type CommonOptions } from "./options.js";
import { aligned, type Field } from "./output.js";
import { report, withSession } from "./session.js";

/** `sekisho status` */
export function addStatusCommand(program: Command): void {
  addCommand(program, "status", {
    does: "Show the issuers, their activation, CRLs and delegates, and the journal's head",
    example: "status --json",
  }).action(status);
}

async function status(options: CommonOptions): Promise<void> {
  const outcome = await withSession(loadConfig(options.config), options, ({ client, acting }) =>
    client.request({ op: "status", ...acting }),
  );
  report(outcome, options, describe);
}

function describe({ installation, production, started, issuers, journal }: ResultOf<"status">): string[] {
  return [
    ...aligned([
      ["installation", `${installation}${production ? "" : " (not for production)"}`],
      ["running since", started],
      ["journal", `${journal.position}, head ${journal.head}`],
      ["journal's token", journal.tokenFault],
    ]),
    ...issuers.flatMap((issuer) => ["", ...describeIssuer(issuer)]),
  ];
}

function describeIssuer(issuer: IssuerStatus): string[] {
  const { delegates } = issuer;
  const identity: Field[] = [
    ["issuer", issuer.created ? issuer.id : `${issuer.id} (not created yet: \`sekisho ca create\`)`],
    ["subject", issuer.subject],
    ["token", issuer.token],
    ["compromised since", issuer.compromisedSince],
    ["token's fault", issuer.tokenFault],
    ["activation", `${issuer.activation}${issuer.fulfilsCps ? "" : " (does not fulfil CPS 6.2.8, 6.2.9)"}`],
  ];
  if (!issuer.created) return aligned(identity);
  return aligned([
    ...identity,
    ...delegates.map((one): Field => ["delegate", `${one.fingerprint} until ${one.notAfter}, ${one.state}`]),
    ...reportFields(issuer),
    ["synthetic", issuer.synthetic && `${issuer.synthetic} certificates made up for load tests`],
  ]);
}
