import type { Command } from "commander";
import type { IssuerStatus, ResultOf } from "../control/messages.js";
import { loadConfig } from "../core/config.js";
import { describeCrl } from "./crl.js";
import { addCommand, type CommonOptions } from "./options.js";
import { aligned } from "./output.js";
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
    ]),
    ...issuers.flatMap((issuer) => ["", ...describeIssuer(issuer)]),
  ];
}

function describeIssuer(issuer: IssuerStatus): string[] {
  const head = aligned([
    ["issuer", issuer.id],
    ["subject", issuer.subject],
    ["token", issuer.token],
    ["activation", `${issuer.activation}${issuer.fulfilsCps ? "" : " (does not fulfil CPS 6.2.8, 6.2.9)"}`],
    ["CRL due", issuer.crlDue && `${issuer.crlDue.at}: ${issuer.crlDue.why}`],
    ["changes since", issuer.changesSinceCrl],
    ...issuer.delegates.map(
      ({ fingerprint, notAfter, state }) =>
        ["delegate", `${fingerprint} until ${notAfter}, ${state}`] as const,
    ),
  ]);
  if (!issuer.created) return [...head, "not created yet: `sekisho ca create`"];
  const delta = issuer.delta === undefined ? [] : describeCrl("delta CRL", issuer.delta);
  return [...head, ...describeCrl("CRL", issuer.crl), ...delta];
}
