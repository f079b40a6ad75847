import { writeFileSync } from "node:fs";
import { Command, InvalidArgumentError, Option } from "commander";
import { errorLine, SekishoError, toSekishoError } from "../src/core/errors.js";
import { visibleJson } from "../src/core/text.js";
import { DEFAULT_LIMITS } from "./conformance/kit.js";
import { countFaults, jsonReport, textReport } from "./conformance/report.js";
import { runChecks, selectChecks } from "./conformance/run.js";
import { isLoopback, makeTarget, type Profile, readCertificates } from "./conformance/target.js";

/** Checks any OCSP responder against the standards: exit 0 without faults, 1 with, 2 if nothing could be checked. */

interface Arguments {
  readonly url: URL;
  readonly issuer: string;
  readonly good: string;
  readonly revoked: string;
  readonly profile: Profile;
  readonly json: string | undefined;
  readonly only: readonly string[];
  readonly allowRemote: boolean;
}

const EXPLANATION = `
Sections: A requests, B responses, C the signer, D extensions, E high-volume profile, F HTTP, P bad input.
A failed "must" is a fault, a failed "should" a warning, a failed "may" a note. docs/conformance.md explains the report.

The responder is sent malformed and hostile requests, one connection at a time. Ask only one that you answer for.

Example (with the quickstart running):
  npm run conformance -- --url http://127.0.0.1:8080/ocsp --issuer sekisho-demo/pki/issuer.pem \\
                         --good sekisho-demo/pki/good.pem --revoked sekisho-demo/pki/revoked.pem

Exit: 0 no faults, 1 faults, 2 the command line is wrong or nothing could be asked.`;

function parseArguments(): Arguments {
  const url = (text: string): URL => {
    if (!URL.canParse(text)) throw new InvalidArgumentError("expected http://HOST[:PORT][/PATH]");
    return new URL(text);
  };
  const sections = (text: string, before: readonly string[] = []): string[] => {
    const wanted = text.toUpperCase().split(",");
    if (!wanted.every((part) => /^([A-FP]|[A-Z][0-9]{1,2})$/.test(part)))
      throw new InvalidArgumentError("expected sections (A to F, P) or requirements (such as F12)");
    return [...before, ...wanted];
  };
  return new Command("conformance")
    .description("Checks an OCSP responder against RFC 6960, 9919, 9654 and 9112, by what a client can see.")
    .requiredOption("--url <url>", "where POST is answered; GET goes to URL/BASE64", url)
    .requiredOption("--issuer <file>", "certificate of the CA, PEM or DER")
    .requiredOption("--good <file>", "a certificate of that CA that is good")
    .requiredOption("--revoked <file>", "one that is revoked")
    .addOption(
      new Option("--profile <name>", "RFCs alone, or the Baseline Requirements and root programs too")
        .choices(["pkix", "cabf-br"])
        .default("pkix"),
    )
    .option("--json <file>", "write the report as JSON too")
    .option("--only <sections>", "sections or requirements, separated by commas", sections)
    .option("--allow-remote", "ask another host than this machine", false)
    .addHelpText("after", EXPLANATION)
    .exitOverride()
    .parse()
    .opts<Arguments>();
}

async function main({ url, profile, json, only = [], allowRemote, ...files }: Arguments): Promise<boolean> {
  if (!allowRemote && !isLoopback(url))
    throw new SekishoError("USAGE", `--url: ${url.hostname} is another host than this; add --allow-remote`);
  const target = makeTarget(url, readCertificates(files), profile);
  const checks = selectChecks(target, only);
  const results = await runChecks(target, checks, DEFAULT_LIMITS, progress);
  clearProgress();
  console.log(textReport(target, results));
  if (json !== undefined) writeFileSync(json, `${visibleJson(jsonReport(target, results))}\n`);
  return countFaults(results) === 0;
}

function progress(done: number, all: number): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${done} of ${all} checks\x1b[K`);
}

function clearProgress(): void {
  if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
}

try {
  process.exitCode = (await main(parseArguments())) ? 0 : 1;
} catch (error) {
  const { code } = error as { code?: string };
  clearProgress();
  if (code?.startsWith("commander.")) {
    process.exitCode = code === "commander.helpDisplayed" ? 0 : 2;
  } else {
    console.error(errorLine(error));
    // 1 says that there are faults; a kit that could not check anything says 2.
    process.exitCode = toSekishoError(error).code === "INTERNAL" ? 1 : 2;
  }
}
