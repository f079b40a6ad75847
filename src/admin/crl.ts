import type { Command } from "commander";
import type { CrlFacts, CrlReport } from "../control/messages.js";
import type { VerifyOptions } from "./crl-file.js";
import { addCommand, type CommonOptions, configAndIssuer } from "./options.js";
import { aligned, type Field } from "./output.js";
import { report, withSession } from "./session.js";

/** `sekisho crl issue|show|verify|diff|check-public` */
export function addCrlCommands(program: Command): void {
  const crl = program
    .command("crl")
    .description("certificate revocation lists: issue, show, verify, diff, check-public");
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
  addCommand(crl, "verify <file...>", {
    does: "Check CRL files without the issuer: structure, signature, issuer, dates",
    example: "crl verify root.crl root-delta.crl --ca root.pem",
  })
    .option("--ca <file>", "certificate of the CRLs' issuer (default: the one in the installation's store)")
    .option(
      "--url <url>",
      "distribution point in the certificates; once for each file, in their order",
      collect,
    )
    .option("--last-number <n>", "newest CRL number seen so far: a lower one is a rollback")
    .addHelpText("after", VERIFY_HELP)
    .action(verify);
  addCommand(crl, "diff <old> <new>", {
    does: "Compare the entries of two CRL files (unverified): added, removed, changed",
    example: "crl diff monday.crl tuesday.crl",
  })
    .addHelpText("after", DIFF_HELP)
    .action(diff);
  addCommand(crl, "check-public", {
    does: "Fetch the published CRLs by their URLs and compare: do relying parties get them?",
    example: "crl check-public --issuer root",
  }).action(async (options: CommonOptions) => (await import("./crl-public.js")).checkPublic(options));
}

const VERIFY_HELP = `
Several files are lists of one issuer. A delta CRL is put on the newest complete CRL
of its scope among them and refused if that one is too old for it; partitions must
have no serial in common. A list that is out of date is shown, then refused.`;

const DIFF_HELP = `
Lists in the order of serials are compared in constant memory, others up to 64 MiB
of entries. "+" is only in NEW, "-" only in OLD, "~" is in both and changed.
Exit code 0 says that they could be compared, not that they are equal.`;

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

/** A published CRL as fields for people. */
export function crlFields(title: string, facts: CrlFacts | undefined): Field[] {
  if (facts === undefined) return [[title, "none published"]];
  return [
    [title, `number ${facts.number}${facts.base === undefined ? "" : `, since ${facts.base}`}`],
    ["made because", facts.why],
    ["this update", facts.thisUpdate],
    [
      "next update",
      `${facts.nextUpdate} (${facts.remaining === 0 ? "out of date" : `valid for ${durationText(facts.remaining)}`})`,
    ],
    ["entries", facts.entries],
    ["file", `${facts.file} (${facts.bytes} octets)`],
    ["sha256", facts.sha256],
  ];
}

/** An issuer's CRLs as fields: what is published, why, how long it is valid, what comes next. */
export function reportFields({ crl, crlDue, delta, deltaDue, shards = [] }: CrlReport): Field[] {
  return [
    ...crlFields("CRL", crl),
    ...dueFields("CRL due", crlDue),
    ...(delta === undefined ? [] : crlFields("delta CRL", delta)),
    ...dueFields("delta CRL due", deltaDue),
    ...shards.flatMap(({ scope, crl: shard, due }) => [
      ...crlFields(`CRL ${scope}`, shard),
      ...dueFields(`CRL ${scope} due`, due),
    ]),
  ];
}

const dueFields = (title: string, due: CrlReport["crlDue"]): Field[] =>
  due === undefined ? [] : [[title, `${due.at}: ${due.why}`]];

/** "3 d 4 h", "4 h 5 min", "5 min 6 s". */
function durationText(seconds: number): string {
  const units: [string, number][] = [
    ["d", Math.floor(seconds / 86_400)],
    ["h", Math.floor(seconds / 3_600) % 24],
    ["min", Math.floor(seconds / 60) % 60],
    ["s", seconds % 60],
  ];
  const first = units.findIndex(([, count]) => count > 0);
  return units
    .slice(first, first + 2)
    .map(([unit, count]) => `${count} ${unit}`)
    .join(" ");
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
  report(outcome, options, (crls) => aligned(reportFields(crls)));
}

async function verify(files: readonly string[], options: VerifyOptions): Promise<void> {
  (await offline()).verifyFiles(files, options);
}

async function diff(oldFile: string, newFile: string, options: CommonOptions): Promise<void> {
  (await import("./crl-diff.js")).diffFiles(oldFile, newFile, options);
}

/** Loaded only when needed: reading certificates and the store takes longer to load than all other commands. */
const offline = () => import("./crl-file.js");
