import type { Command } from "commander";
import type { CrlFacts } from "../control/messages.js";
import { addCommand, type CommonOptions, configAndIssuer } from "./options.js";
import { aligned } from "./output.js";
import { report, withSession } from "./session.js";

/** `sekisho crl issue|show` */
export function addCrlCommands(program: Command): void {
  const crl = program.command("crl").description("certificate revocation lists: issue, show");
  addCommand(crl, "issue", {
    does: "Build, sign, check and publish a CRL now",
    example: "crl issue --issuer root",
  })
    .option("--delta", "a delta CRL: only what changed since the last complete one")
    .action(issue);
  addCommand(crl, "show", {
    does: "Show the published CRLs of an issuer",
    example: "crl show --issuer root",
  }).action(show);
}

/** A published CRL, for people. */
export function describeCrl(title: string, facts: CrlFacts | undefined): string[] {
  if (facts === undefined) return [`${title}  none published`];
  return aligned([
    [title, `number ${facts.number}${facts.base === undefined ? "" : `, since ${facts.base}`}`],
    ["this update", facts.thisUpdate],
    ["next update", facts.nextUpdate],
    ["entries", facts.entries],
    ["file", `${facts.file} (${facts.bytes} octets)`],
    ["sha256", facts.sha256],
  ]);
}

async function issue(options: CommonOptions & { readonly delta?: boolean }): Promise<void> {
  const { config, issuer } = configAndIssuer(options);
  const outcome = await withSession(config, options, ({ client, acting }) =>
    client.request({ op: "crl.issue", issuer, delta: options.delta ?? false, ...acting }),
  );
  report(outcome, options, ({ delta, crl }) => describeCrl(delta ? "delta CRL" : "CRL", crl));
}

async function show(options: CommonOptions): Promise<void> {
  const { config, issuer } = configAndIssuer(options);
  const outcome = await withSession(config, options, ({ client, acting }) =>
    client.request({ op: "crl.show", issuer, ...acting }),
  );
  report(outcome, options, ({ crl, delta }) => [
    ...describeCrl("CRL", crl),
    ...(delta === undefined ? [] : ["", ...describeCrl("delta CRL", delta)]),
  ]);
}
