import type { Command } from "commander";
import type { CrlFacts } from "../control/messages.js";
import type { VerifyOptions } from "./crl-file.js";
import { addCommand, type CommonOptions, configAndIssuer } from "./options.js";
import { aligned, type Field } from "./output.js";
import { report, withSession } from "./session.js";

/** `sekisho crl issue|show|verify` */
export function addCrlCommands(program: Command): void {
  const crl = program.command("crl").description("certificate revocation lists: issue, show, verify");
  addCommand(crl, "issue", {
    does: "Build, sign, check and publish a CRL now",
    example: "crl issue --issuer root",
  })
    .option("--delta", "a delta CRL: only what changed since the last complete one")
    .action(issue);
  addCommand(crl, "show [file]", {
    does: "Show the published CRLs of an issuer, or what a CRL file says (unverified)",
    example: "crl show --issuer root",
  }).action(show);
  addCommand(crl, "verify <file>", {
    does: "Check a CRL file without the issuer: structure, signature, issuer, dates",
    example: "crl verify root.crl --ca root.pem",
  })
    .option("--ca <file>", "the issuer's certificate (default: the one in the installation's store)")
    .action(verify);
}

/** A published CRL as fields for people. */
export function crlFields(title: string, facts: CrlFacts | undefined): Field[] {
  if (facts === undefined) return [[title, "none published"]];
  return [
    [title, `number ${facts.number}${facts.base === undefined ? "" : `, since ${facts.base}`}`],
    ["this update", facts.thisUpdate],
    ["next update", facts.nextUpdate],
    ["entries", facts.entries],
    ["file", `${facts.file} (${facts.bytes} octets)`],
    ["sha256", facts.sha256],
  ];
}

/** The same for a delta CRL; nothing if there is none. */
export function deltaFields(facts: CrlFacts | undefined): Field[] {
  return facts === undefined ? [] : crlFields("delta CRL", facts);
}

async function issue(options: CommonOptions & { readonly delta?: boolean }): Promise<void> {
  const { config, issuer } = configAndIssuer(options);
  const outcome = await withSession(config, options, ({ client, acting }) =>
    client.request({ op: "crl.issue", issuer, delta: options.delta ?? false, ...acting }),
  );
  report(outcome, options, ({ delta, crl }) => aligned(crlFields(delta ? "delta CRL" : "CRL", crl)));
}

async function show(file: string | undefined, options: CommonOptions): Promise<void> {
  if (file !== undefined) return (await offline()).showFile(file, options);
  const { config, issuer } = configAndIssuer(options);
  const outcome = await withSession(config, options, ({ client, acting }) =>
    client.request({ op: "crl.show", issuer, ...acting }),
  );
  report(outcome, options, ({ crl, delta }) => aligned([...crlFields("CRL", crl), ...deltaFields(delta)]));
}

async function verify(file: string, options: VerifyOptions): Promise<void> {
  (await offline()).verifyFile(file, options);
}

/** Loaded only when needed: reading certificates and the store takes longer to load than all other commands. */
const offline = () => import("./crl-file.js");
