import type { Command } from "commander";
import { loadConfig } from "../core/config.js";
import { fingerprintArgument } from "./arguments.js";
import { addCommand, type CommonOptions, configAndIssuer } from "./options.js";
import { aligned } from "./output.js";
import { report, withSession } from "./session.js";

/** `sekisho responder enrol`, below the `responder` command. */
export function addEnrolCommand(responder: Command): void {
  addCommand(responder, "enrol <fingerprint>", {
    does: "Issue the OCSP certificate that a responder waits for; compare the fingerprint it printed",
    example: "responder enrol 3A:5F:...:9C",
  }).action(enrol);
}

async function enrol(text: string, options: CommonOptions): Promise<void> {
  const fingerprint = fingerprintArgument(text);
  // A waiting request is found by its fingerprint; the issuer narrows only if it is named.
  const named = options.issuer === undefined ? {} : { issuer: configAndIssuer(options).issuer };
  const outcome = await withSession(loadConfig(options.config), options, ({ client, acting }) =>
    client.request({ op: "responder.enrol", ...named, fingerprint, ...acting }),
  );
  report(outcome, options, (result) =>
    aligned([
      ["enrolled", result.fingerprint],
      ["issuer", result.issuer],
      ["journal", result.journal],
    ]),
  );
}
