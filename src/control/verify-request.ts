import type { KeyObject } from "node:crypto";
import { SekishoError } from "../core/errors.js";
import { type ControlRequest, type Role, requestSchema } from "./messages.js";
import { decodeRequest, type Hello, parseJson, type SignedRequest, verifyRequest } from "./protocol.js";

/** What the issuer knows of one operator. */
export interface OperatorKey {
  readonly publicKey: KeyObject;
  readonly roles: readonly Role[];
}

/** A request that must not be executed: `reason` goes to the audit log, `answer` to the peer. */
export class Refused extends Error {
  readonly reason: string;
  readonly answer: SekishoError;

  constructor(reason: string, answer: SekishoError) {
    super(reason);
    this.reason = reason;
    this.answer = answer;
  }
}

/** Takes a request's envelope apart. Throws Refused if it is none of this protocol version. */
export function openEnvelope(payload: Buffer): SignedRequest {
  return orRefused(() => decodeRequest(payload));
}

/**
 * The request inside an envelope, once operator, signature, counter, form and role are right. Throws Refused. Nothing
 * of the request is parsed before its signature has been verified; until then the peer learns only that it failed.
 */
export function readSignedRequest(
  hello: Hello,
  signed: SignedRequest,
  operator: OperatorKey | undefined,
  counter: bigint,
): ControlRequest {
  if (operator === undefined) throw refused("unknown operator");
  if (!verifyRequest(hello, signed, operator.publicKey)) throw refused("wrong signature or challenge");
  if (signed.counter !== counter) throw refused(`counter ${signed.counter} where ${counter} was due`);
  const request = orRefused(() => parseRequest(signed.request));
  if (!operator.roles.includes(request.role)) throw refused(`the operator has no role ${request.role}`);
  return request;
}

function parseRequest(bytes: Uint8Array): ControlRequest {
  const parsed = requestSchema.safeParse(parseJson(bytes));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new SekishoError("CONTROL_PROTOCOL", `request: ${issue?.path.join(".")}: ${issue?.message}`);
}

function refused(reason: string): Refused {
  return new Refused(reason, new SekishoError("CONTROL_REFUSED", "the request was refused and recorded"));
}

function orRefused<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (error) {
    if (error instanceof SekishoError) throw new Refused(error.message, error);
    throw error;
  }
}
