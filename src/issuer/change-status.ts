import { isSekishoError, SekishoError } from "../core/errors.js";
import { CRL_REASON } from "../crl/reason.js";
import type { Change } from "../store/journal-record.js";
import type { StatusRow } from "../store/layout.js";
import type { StatusTransaction, StatusWriter } from "../store/status-writer.js";
import { serialText } from "../x509/serial.js";

/** What an operator wants done to one certificate. Times are unix seconds; invalidityDate 0 stands for absent. */
export type StatusChange =
  | {
      readonly act: "revoke";
      readonly serial: Uint8Array;
      readonly reason: number;
      readonly invalidityDate: number;
    }
  | { readonly act: "hold"; readonly serial: Uint8Array }
  | { readonly act: "release"; readonly serial: Uint8Array };

/** The row after the change, or why there was none. `present` is the row as it stays. */
export type StatusOutcome =
  | { readonly serial: Uint8Array; readonly row: StatusRow }
  | { readonly serial: Uint8Array; readonly error: SekishoError; readonly present: StatusRow | undefined };

/** Changes of one journal record: those of others, which wait for a place between two, wait for so many at most. */
const SLICE = 64;

/**
 * Makes changes of one issuer, as one journal record for 64 of them. Changes that the present state does not allow are
 * reported and left out; the others are on disk, and no responder of this machine says otherwise, when this resolves.
 * If it throws, some may be.
 */
export async function changeStatus(
  status: StatusWriter,
  issuer: number,
  wanted: readonly StatusChange[],
  now: number,
): Promise<StatusOutcome[]> {
  const decided = new Set<string>();
  const outcomes: StatusOutcome[] = [];
  for (let at = 0; at < wanted.length; at += SLICE)
    outcomes.push(...(await changeSlice(status, issuer, wanted.slice(at, at + SLICE), now, decided)));
  return outcomes;
}

/** `decided`: serials that the request has changed, or tried to. */
function changeSlice(
  status: StatusWriter,
  issuer: number,
  wanted: readonly StatusChange[],
  now: number,
  decided: Set<string>,
): Promise<StatusOutcome[]> {
  return status.transact((transaction) => {
    const changes: Change[] = [];
    const decisions = wanted.map((change) => {
      const decision = decide(transaction, issuer, change, now, decided);
      if ("row" in decision && decision.changed)
        changes.push(statusChange(issuer, change.serial, decision.row));
      return decision;
    });
    const position = changes.length > 0 ? transaction.append({ kind: "changes", changes }) : 0;
    return decisions.map((decision) => {
      if ("error" in decision) return decision;
      const { serial, row, changed } = decision;
      return { serial, row: changed ? { ...row, position } : row };
    });
  });
}

type Decision = { readonly serial: Uint8Array } & (
  | { readonly row: StatusRow; readonly changed: boolean }
  | { readonly error: SekishoError; readonly present: StatusRow | undefined }
);

function decide(
  transaction: StatusTransaction,
  issuer: number,
  change: StatusChange,
  now: number,
  decided: Set<string>,
): Decision {
  const { serial } = change;
  const text = serialText(serial);
  const present = transaction.row(issuer, serial);
  try {
    if (decided.has(text))
      throw new SekishoError("STATE_CONFLICT", `serial ${text} stands twice in one request`);
    decided.add(text);
    if (present === undefined) throw new SekishoError("SERIAL_UNKNOWN", `serial ${text} was never issued`);
    const row = rowAfter(present, change, now);
    return { serial, row, changed: row !== present };
  } catch (error) {
    if (isSekishoError(error)) return { serial, error, present };
    throw error;
  }
}

/** The row that a change leads to; the same object when it is so already. Throws STATE_CONFLICT or DATE_INVALID. */
function rowAfter(present: StatusRow, change: StatusChange, now: number): StatusRow {
  const text = serialText(change.serial);
  switch (change.act) {
    case "hold":
      if (present.state === "held") return present;
      if (present.state === "revoked")
        throw new SekishoError("STATE_CONFLICT", `serial ${text} is revoked for good`);
      return {
        ...present,
        state: "held",
        reason: CRL_REASON.certificateHold,
        revocationTime: now,
        invalidityDate: 0,
      };
    case "release":
      if (present.state !== "held")
        throw new SekishoError("STATE_CONFLICT", `serial ${text} is not on hold but ${present.state}`);
      return { ...present, state: "good", reason: 0, revocationTime: 0, invalidityDate: 0 };
    case "revoke":
      return revokedRow(present, change, now);
  }
}

/**
 * A hold that becomes a revocation keeps its date, as X.509 has it: the certificate was not good in between. Revocation
 * is final (standards G16). The one correction that is allowed is to keyCompromise, proven later (J13); the
 * revocation time stays. The same revocation again is no change: a bulk run may be repeated.
 */
function revokedRow(present: StatusRow, change: StatusChange & { act: "revoke" }, now: number): StatusRow {
  const { reason, invalidityDate } = change;
  if (invalidityDate > now) throw new SekishoError("DATE_INVALID", "the invalidity date lies in the future");
  if (present.state === "good")
    return { ...present, state: "revoked", reason, revocationTime: now, invalidityDate };
  if (present.state === "held") return { ...present, state: "revoked", reason, invalidityDate };
  const sameDate = invalidityDate === 0 || invalidityDate === present.invalidityDate;
  if (present.reason === reason && sameDate) return present;
  if (reason !== CRL_REASON.keyCompromise)
    throw new SekishoError(
      "STATE_CONFLICT",
      `serial ${serialText(change.serial)} is revoked already, with another reason or invalidity date`,
    );
  return {
    ...present,
    reason,
    invalidityDate: invalidityDate === 0 ? present.invalidityDate : invalidityDate,
  };
}

function statusChange(issuer: number, serial: Uint8Array, row: StatusRow): Change {
  const { state, reason, revocationTime, invalidityDate } = row;
  return { op: "status", issuer, serial, state, reason, revocationTime, invalidityDate };
}
