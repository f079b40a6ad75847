import { closeSync, openSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import type { Command } from "commander";
import { purgeList } from "../verify/purge-list.js";
import { decodePem, decodePemOrDer, encodePem } from "../x509/pem.js";
import { serialArgument } from "./arguments.js";
import { describeChange, revoke } from "./cert-revoke.js";
import { addCommand, type CommonOptions, configAndIssuer } from "./options.js";
import { aligned, printJson, printLines } from "./output.js";
import { report, withSession } from "./session.js";

interface IssueOptions extends CommonOptions {
  readonly csr: string;
  readonly profile: string;
  readonly out: string;
}

/** `sekisho cert issue|revoke|hold|release|show|purge-list` */
export function addCertCommands(program: Command): void {
  const cert = program
    .command("cert")
    .description("certificates: issue, revoke, hold, release, show, purge-list");
  addCommand(cert, "issue", {
    does: "Issue a certificate from a certification request (PKCS#10, PEM or DER)",
    example: "cert issue --csr server.csr --profile tls-server --out server.pem",
  })
    .requiredOption("--csr <file>", "the certification request")
    .requiredOption("--profile <id>", "profile of the configuration")
    .requiredOption("--out <file>", "where the certificate goes (PEM)")
    .action(issue);
  addCommand(cert, "revoke [serial]", {
    does: "Revoke one certificate, or all of a list; a list that was cut short may be given again",
    example: "cert revoke 0x4F:A2 --reason keyCompromise --invalidity-date 2026-01-31",
  })
    .option("--reason <reason>", "RFC 5280 spelling, for example keyCompromise")
    .option("--invalidity-date <date>", "since when the key is known or suspected to be lost")
    .option("--file <file>", "a list: serial,reason[,date] a line, # begins a comment")
    .action(revoke);
  addCommand(cert, "hold <serial>", {
    does: "Put a certificate on hold: revoked until released",
    example: "cert hold 4fa2",
  }).action(changeHold("cert.hold"));
  addCommand(cert, "release <serial>", {
    does: "Release a certificate from hold: good again",
    example: "cert release 4fa2",
  }).action(changeHold("cert.release"));
  addCommand(cert, "show <serial>", {
    does: "Show what is recorded about a certificate",
    example: "cert show 4fa2 --json",
  }).action(show);
  addCommand(cert, "purge-list <serial>", {
    does: "List what HTTP caches in front of the responder may hold about a certificate; reads the store",
    example: "cert purge-list 4fa2 --json",
  }).action(showPurgeList);
}

async function showPurgeList(serial: string, options: CommonOptions): Promise<void> {
  const { config, issuer } = configAndIssuer(options);
  const list = await purgeList(config, issuer, Buffer.from(serialArgument(serial), "hex"));
  if (options.json) printJson(list);
  else
    printLines([
      ...list.urls.map((url) => `GET ${url}`),
      ...list.posts.map(({ sha256, body }) => `POST sha256 ${sha256} body ${body}`),
    ]);
}

async function issue(options: IssueOptions): Promise<void> {
  const { config, issuer } = configAndIssuer(options);
  const csr = encodePem(
    decodePemOrDer(readFileSync(options.csr), "CERTIFICATE REQUEST"),
    "CERTIFICATE REQUEST",
  );
  const output = new OutputFile(options.out);
  try {
    const outcome = await withSession(config, options, ({ client, acting }) =>
      client.request({ op: "cert.issue", issuer, csr, profile: options.profile, ...acting }),
    );
    if (outcome.result !== undefined) output.write(checkedPem(outcome.result.certificate));
    report(outcome, options, ({ serial, journal }) =>
      aligned([
        ["serial", serial],
        ["file", options.out],
        ["journal", journal],
      ]),
    );
  } finally {
    output.discard();
  }
}

function changeHold(op: "cert.hold" | "cert.release") {
  return async (serialText: string, options: CommonOptions): Promise<void> => {
    const serial = serialArgument(serialText);
    const { config, issuer } = configAndIssuer(options);
    const outcome = await withSession(config, options, ({ client, acting }) =>
      client.request({ op, issuer, serial, ...acting }),
    );
    report(outcome, options, describeChange);
  };
}

async function show(serialText: string, options: CommonOptions): Promise<void> {
  const serial = serialArgument(serialText);
  const { config, issuer } = configAndIssuer(options);
  const outcome = await withSession(config, options, ({ client, acting }) =>
    client.request({ op: "cert.show", issuer, serial, ...acting }),
  );
  report(outcome, options, (result) =>
    aligned([
      ["serial", result.serial],
      ["state", result.state],
      ["reason", result.reason],
      ["since", result.revocationTime],
      ["invalid since", result.invalidityDate],
      ["not after", result.notAfter],
      ["journal", result.journal],
      ["synthetic", result.synthetic && "made up for load tests; there is no certificate"],
    ]),
  );
}

/** Only a strict PEM block is written to a file that other programs will read. */
function checkedPem(text: string): string {
  return encodePem(decodePem(Buffer.from(text, "utf8"), "CERTIFICATE"), "CERTIFICATE");
}

/** A file that appears whole or not at all; a place that cannot be written is found before anything is issued. */
class OutputFile {
  readonly #path: string;
  readonly #draft: string;

  constructor(path: string) {
    this.#path = path;
    this.#draft = `${path}.${process.pid}.part`;
    closeSync(openSync(this.#draft, "wx", 0o644));
  }

  write(text: string): void {
    writeFileSync(this.#draft, text);
    renameSync(this.#draft, this.#path);
  }

  discard(): void {
    rmSync(this.#draft, { force: true });
  }
}
