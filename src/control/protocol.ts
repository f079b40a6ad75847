import { createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { SekishoError } from "../core/errors.js";

/**
 * Payloads of the control protocol's frames (issue: control protocol). Integers are big-endian.
 *
 *     hello    version u8 | installation 16 | challenge 32
 *     request  version u8 | operator length u8 | operator | counter u64 | signature 64 | request (JSON)
 *     reply    version u8 | counter u64 | status u8 | body (JSON)
 *
 * The challenge is fresh for each connection and the counter starts at 1 and grows by 1, so a signed request is good
 * for one place in one connection to one installation.
 */

export const PROTOCOL_VERSION = 1;
export const CHALLENGE_BYTES = 32;

const DOMAIN = Buffer.from("sekisho control v1\0", "latin1");
const INSTALLATION_BYTES = 16;
const SIGNATURE_BYTES = 64;
const MAX_OPERATOR_BYTES = 32;

export interface Hello {
  readonly installation: Uint8Array;
  readonly challenge: Uint8Array;
}

export interface SignedRequest {
  readonly operator: string;
  readonly counter: bigint;
  /** Ed25519 over `signedBytes`. */
  readonly signature: Uint8Array;
  /** JSON exactly as signed: what is checked, executed and archived. */
  readonly request: Uint8Array;
}

/** result: the operation's result; filed: it waits for approval; error: code and message. */
export type ReplyStatus = "result" | "filed" | "error";

export interface Reply {
  readonly counter: bigint;
  readonly status: ReplyStatus;
  readonly body: Uint8Array;
}

const STATUSES: readonly ReplyStatus[] = ["result", "filed", "error"];

export function encodeHello({ installation, challenge }: Hello): Buffer {
  return Buffer.concat([Buffer.of(PROTOCOL_VERSION), installation, challenge]);
}

/** Throws CONTROL_PROTOCOL if the payload is not a hello of this version. */
export function decodeHello(payload: Buffer): Hello {
  checkVersion(payload);
  const split = 1 + INSTALLATION_BYTES;
  if (payload.length !== split + CHALLENGE_BYTES) throw broken("a hello of the wrong length");
  return { installation: payload.subarray(1, split), challenge: payload.subarray(split) };
}

export function encodeRequest({ operator, counter, signature, request }: SignedRequest): Buffer {
  return Buffer.concat([
    Buffer.of(PROTOCOL_VERSION),
    lengthAndName(operator),
    u64(counter),
    signature,
    request,
  ]);
}

/** Throws CONTROL_PROTOCOL if the payload is not a signed request of this version. Checks no signature. */
export function decodeRequest(payload: Buffer): SignedRequest {
  checkVersion(payload);
  const nameLength = payload[1] ?? 0;
  const counterAt = 2 + nameLength;
  const signatureAt = counterAt + 8;
  const requestAt = signatureAt + SIGNATURE_BYTES;
  if (nameLength === 0 || nameLength > MAX_OPERATOR_BYTES || payload.length <= requestAt)
    throw broken("a request envelope of the wrong length");
  return {
    operator: payload.toString("latin1", 2, counterAt),
    counter: payload.readBigUInt64BE(counterAt),
    signature: payload.subarray(signatureAt, requestAt),
    request: payload.subarray(requestAt),
  };
}

export function encodeReply({ counter, status, body }: Reply): Buffer {
  return Buffer.concat([
    Buffer.of(PROTOCOL_VERSION),
    u64(counter),
    Buffer.of(STATUSES.indexOf(status)),
    body,
  ]);
}

/** Throws CONTROL_PROTOCOL if the payload is not a reply of this version. */
export function decodeReply(payload: Buffer): Reply {
  checkVersion(payload);
  if (payload.length <= 10) throw broken("a reply of the wrong length");
  const status = STATUSES[payload.readUInt8(9)];
  if (status === undefined) throw broken("a reply of unknown status");
  return { counter: payload.readBigUInt64BE(1), status, body: payload.subarray(10) };
}

/** What the operator's key signs: domain tag, installation, challenge, operator with length, counter, request. */
export function signedBytes(hello: Hello, operator: string, counter: bigint, request: Uint8Array): Buffer {
  return Buffer.concat([
    DOMAIN,
    hello.installation,
    hello.challenge,
    lengthAndName(operator),
    u64(counter),
    request,
  ]);
}

export function signRequest(
  hello: Hello,
  operator: string,
  counter: bigint,
  request: Uint8Array,
  privateKey: KeyObject,
): SignedRequest {
  const signature = sign(null, signedBytes(hello, operator, counter, request), privateKey);
  return { operator, counter, signature, request };
}

export function verifyRequest(hello: Hello, signed: SignedRequest, publicKey: KeyObject): boolean {
  const { operator, counter, request, signature } = signed;
  return verify(null, signedBytes(hello, operator, counter, request), publicKey, signature);
}

/** Ed25519 public key from its 32 octets in hexadecimal, as the configuration holds it (RFC 8032 5.1.5). */
export function operatorPublicKey(hexKey: string): KeyObject {
  const x = Buffer.from(hexKey, "hex").toString("base64url");
  return createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x }, format: "jwk" });
}

/** JSON value of a payload; throws CONTROL_PROTOCOL if it is not JSON in UTF-8. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    throw new SekishoError("CONTROL_PROTOCOL", "the payload is not JSON in UTF-8", { cause: error });
  }
}

const broken = (what: string): SekishoError => new SekishoError("CONTROL_PROTOCOL", what);

function checkVersion(payload: Buffer): void {
  if (payload[0] !== PROTOCOL_VERSION)
    throw broken(
      `the peer speaks version ${payload[0]} of the control protocol, this program ${PROTOCOL_VERSION}`,
    );
}

function lengthAndName(operator: string): Buffer {
  const name = Buffer.from(operator, "latin1");
  if (name.length === 0 || name.length > MAX_OPERATOR_BYTES)
    throw broken("an operator name of the wrong length");
  return Buffer.concat([Buffer.of(name.length), name]);
}

function u64(value: bigint): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}
