import type { AuditLog } from "../audit/audit-log.js";
import type { Refusal, RequestContext } from "../control/connection.js";
import type { ControlOp, ControlRequest, Outcome } from "../control/messages.js";
import { hex } from "../core/bytes.js";
import { toSekishoError } from "../core/errors.js";
import { execute, type IssuerContext } from "./operations.js";

/**
 * Executes requests between two audit records: the request exactly as it was signed is on disk before anything is
 * done, and what came of it before the answer leaves (invariant 8).
 */
export function auditedHandler(context: IssuerContext, audit: AuditLog) {
  return async (request: ControlRequest, from: RequestContext): Promise<Outcome<ControlOp>> => {
    const { operator, rawRequest, signature, challenge, counter } = from;
    // Challenge and counter name a request for ever; the outcome repeats them.
    const name = { operator, op: request.op, challenge: hex(challenge), counter: String(counter) };
    await audit.append("control.request", { ...name, request: rawRequest, signature });
    try {
      const result = await execute(context, request);
      await audit.append("control.outcome", { ...name, ...summary(result) });
      return { result } as Outcome<ControlOp>;
    } catch (error) {
      const { code, message } = toSekishoError(error);
      await audit.append("control.outcome", { ...name, error: code, message });
      throw error;
    }
  };
}

/** Records a request that was not executed: wrong signature, challenge, counter, role or form. */
export function auditRefusal(audit: AuditLog) {
  return async ({ reason, challenge, signed }: Refusal): Promise<void> => {
    const claimed = signed === undefined ? {} : { claimedOperator: signed.operator, request: signed.request };
    await audit.append("control.refused", { reason, challenge: hex(challenge), ...claimed });
  };
}

/** The part of a result that an auditor looks for; the journal has the rest. */
function summary(result: object): Record<string, string | number> {
  const wanted = ["serial", "journal", "state", "fingerprint", "imported", "present"];
  const plain = Object.entries(result).filter(
    (field): field is [string, string | number] =>
      wanted.includes(field[0]) && ["string", "number"].includes(typeof field[1]),
  );
  const changes = "changes" in result && Array.isArray(result.changes) ? result.changes : undefined;
  if (changes === undefined) return Object.fromEntries(plain);
  const failed = changes.filter((change) => "error" in change).length;
  return { changed: changes.length - failed, failed };
}
