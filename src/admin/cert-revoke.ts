import type { Change, Changed } from "../control/messages.js";
import { SekishoError } from "../core/errors.js";
import { dateArgument, reasonArgument, serialArgument } from "./arguments.js";
import { bulkFailure, emptyOutcome, printOutcome, revokeAll } from "./bulk-revoke.js";
import { type CommonOptions, configAndIssuer } from "./options.js";
import { aligned, EXIT_FILED, printJson, printLines } from "./output.js";
import { readRevocationList } from "./revocation-list.js";
import { reportFiled, withSession } from "./session.js";

export interface RevokeOptions extends CommonOptions {
  readonly reason?: string;
  readonly invalidityDate?: string;
  readonly file?: string;
}

/** `cert revoke SERIAL --reason R [--invalidity-date D]` or `cert revoke --file F` */
export async function revoke(serial: string | undefined, options: RevokeOptions): Promise<void> {
  const { file, reason, invalidityDate } = options;
  if (file !== undefined) {
    if (serial !== undefined || reason !== undefined || invalidityDate !== undefined)
      throw new SekishoError("USAGE", "--file names serials, reasons and dates itself");
    return revokeFile(file, options);
  }
  if (serial === undefined) throw new SekishoError("USAGE", "name a SERIAL, or a list with --file");
  if (reason === undefined) throw new SekishoError("USAGE", "name the reason with --reason");
  const date =
    invalidityDate === undefined ? {} : { invalidityDate: dateArgument(invalidityDate, Date.now()) };
  return revokeOne({ serial: serialArgument(serial), reason: reasonArgument(reason), ...date }, options);
}

/** A durable change, for people. */
export function describeChange(change: Changed): string[] {
  return aligned([
    ["serial", change.serial],
    ["state", change.state],
    ["reason", change.reason],
    ["since", change.revocationTime],
    ["journal", change.journal],
  ]);
}

async function revokeOne(change: Change, options: CommonOptions): Promise<void> {
  const { config, issuer } = configAndIssuer(options);
  const { result, filed } = await withSession(config, options, ({ client, acting }) =>
    client.request({ op: "cert.revoke", issuer, changes: [change], ...acting }),
  );
  if (filed !== undefined) return reportFiled(filed.request, options.json);
  const [changed] = result.changes;
  if (changed === undefined) throw new SekishoError("CONTROL_PROTOCOL", "the reply is about no serial");
  if ("error" in changed) throw new SekishoError(changed.error.code, changed.error.message);
  if (options.json) printJson(changed);
  else printLines(describeChange(changed));
}

async function revokeFile(file: string, options: CommonOptions): Promise<void> {
  const { config, issuer } = configAndIssuer(options);
  const changes = await readRevocationList(file, Date.now());
  const outcome = emptyOutcome();
  try {
    await withSession(config, options, (session) => revokeAll(session, issuer, changes, outcome));
  } finally {
    printOutcome(outcome, changes.length, options.json);
  }
  const failure = bulkFailure(outcome, changes.length);
  if (failure !== undefined) throw failure;
  if (outcome.filed.length > 0) process.exitCode = EXIT_FILED;
}
