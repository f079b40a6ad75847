import {
  type Change,
  type Changed,
  MAX_CHANGES,
  type ResultOf,
  type Unchanged,
} from "../control/messages.js";
import { SekishoError } from "../core/errors.js";
import { printJson, printLines } from "./output.js";
import type { Session } from "./session.js";

/** What became of each line of a list. */
export interface BulkOutcome {
  readonly revoked: Changed[];
  /** Revoked before, with the same reason: an earlier run did them. */
  readonly already: Unchanged[];
  readonly failed: Unchanged[];
  /** Requests that wait for approval. */
  readonly filed: string[];
}

/** Most failures that are listed for people; `--json` lists all. */
const LISTED_FAILURES = 20;

/**
 * Sends a list in requests of at most 4,096 changes, one after another, over one connection. `outcome` is filled as
 * replies come, so that it also tells what was done before an error ended the run.
 */
export async function revokeAll(
  { client, acting }: Session,
  issuer: string,
  changes: readonly Change[],
  outcome: BulkOutcome,
): Promise<void> {
  for (let at = 0; at < changes.length; at += MAX_CHANGES) {
    const chunk = changes.slice(at, at + MAX_CHANGES);
    const reply = await client.request({ op: "cert.revoke", issuer, changes: chunk, ...acting });
    if (reply.filed === undefined) sortIn(outcome, chunk, reply.result.changes);
    else outcome.filed.push(reply.filed.request);
    showProgress(at + chunk.length, changes.length);
  }
}

export function emptyOutcome(): BulkOutcome {
  return { revoked: [], already: [], failed: [], filed: [] };
}

/** Prints the summary, as far as the run came. */
export function printOutcome(outcome: BulkOutcome, total: number, json: boolean | undefined): void {
  if (json) printJson({ total, ...outcome });
  else printLines(describeOutcome(outcome, total));
}

/** The one error that stands for all failed changes; undefined if none failed. */
export function bulkFailure({ failed }: BulkOutcome, total: number): SekishoError | undefined {
  const first = failed[0];
  if (first === undefined) return undefined;
  return new SekishoError(first.error.code, `${failed.length} of ${total} changes failed`);
}

function describeOutcome({ revoked, already, failed, filed }: BulkOutcome, total: number): string[] {
  const listed = failed.slice(0, LISTED_FAILURES);
  const more = failed.length - listed.length;
  return [
    ...listed.map(({ serial, error }) => `failed ${serial}  ${error.code}: ${error.message}`),
    ...(more > 0 ? [`failed ${more} more; --json lists all`] : []),
    ...filed.map((request) => `request ${request}`),
    `${revoked.length} revoked, ${already.length} revoked before, ${failed.length} failed, of ${total}`,
  ];
}

function sortIn(
  outcome: BulkOutcome,
  sent: readonly Change[],
  results: ResultOf<"cert.revoke">["changes"],
): void {
  const matches =
    results.length === sent.length && results.every(({ serial }, i) => serial === sent[i]?.serial);
  if (!matches)
    throw new SekishoError("CONTROL_PROTOCOL", "the reply is about other serials than the request");
  results.forEach((result, i) => {
    if (!("error" in result)) outcome.revoked.push(result);
    else if (isDone(result, sent[i])) outcome.already.push(result);
    else outcome.failed.push(result);
  });
}

function isDone({ present }: Unchanged, sent: Change | undefined): boolean {
  return present?.state === "revoked" && (present.reason ?? "unspecified") === sent?.reason;
}

function showProgress(done: number, total: number): void {
  if (!process.stderr.isTTY || total <= MAX_CHANGES) return;
  process.stderr.write(`${done} of ${total} sent${done < total ? "\r" : "\n"}`);
}
