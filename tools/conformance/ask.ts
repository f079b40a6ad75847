import type { RequestParts } from "./request-parts.js";

/**
 * What is sent on one connection, as data. `{name}` in a message stands for:
 *   {host} the URL's authority · {path} its path as given · {base} its path without the last slash · {bait} a local port
 *   {crl} {certificate} the path of the CRL and of the issuer's certificate that the revoked certificate names, if it is on {host}
 *   {body} the request's octets · {length} {length-hex} how many they are · {base64} percent-encoded base64 of them, and other
 *   spellings of it: {base64-raw} {base64-lower} {base64-unpadded} {base64-urlsafe} {base64-space} {base64-letters} {base64-twice}
 *   {etag}, {last-modified} that field of the answer to GET about the good certificate
 */
export interface Ask {
  readonly messages: readonly string[];
  /** The OCSPRequest, or any octets in hexadecimal. */
  readonly request: RequestParts | string;
  /** Answers to wait for in all, 100 Continue among them; absent: one a message. */
  readonly answers?: number;
  readonly bytewise?: true;
  readonly halfClose?: true;
  /** The connection should stay open behind the last answer; it is not watched for its end. */
  readonly keepAlive?: true;
  /** Bytes that are sent first on a connection of its own, which stays open and silent meanwhile. */
  readonly besides?: string;
  /** A listener on this machine, whose port is {bait}, waits for somebody to follow a URL. */
  readonly bait?: true;
  /** Makes an ask that is sent again instead of being looked up. */
  readonly again?: number;
}

type Options = Omit<Ask, "messages" | "request">;

const message = (startLine: string, fields: readonly string[], body: string): string =>
  [startLine, "Host: {host}", ...fields, "", body].join("\r\n");

export const OCSP_TYPE = "Content-Type: application/ocsp-request";
const LENGTH = "Content-Length: {length}";
const CLOSE = "Connection: close";

/** POST of a request with further header fields; the connection is to be closed behind it. */
export function post(request: Ask["request"] = {}, ...fields: string[]): Ask {
  return raw(message("POST {path} HTTP/1.1", [OCSP_TYPE, LENGTH, ...fields, CLOSE], "{body}"), request);
}

/** The same without a Content-Type of our own. */
export function postAs(...fields: string[]): Ask {
  return raw(message("POST {path} HTTP/1.1", [LENGTH, ...fields, CLOSE], "{body}"));
}

/** POST whose body's framing is the matter; `body` is what stands behind the head. */
export function framed(body: string, ...fields: string[]): Ask {
  return raw(message("POST {path} HTTP/1.1", [OCSP_TYPE, ...fields, CLOSE], body));
}

/** GET of a request with further header fields. */
export function get(request: Ask["request"] = {}, ...fields: string[]): Ask {
  return raw(message("GET {base}/{base64} HTTP/1.1", [...fields, CLOSE], ""), request);
}

export function head(...fields: string[]): Ask {
  return raw(message("HEAD {base}/{base64} HTTP/1.1", [...fields, CLOSE], ""));
}

/** GET of any target. */
export function getTarget(target: string, request: Ask["request"] = {}, ...fields: string[]): Ask {
  return raw(message(`GET ${target} HTTP/1.1`, [...fields, CLOSE], ""), request);
}

/** A request with any method on the URL itself. */
export function method(name: string, target = "{path}"): Ask {
  return raw(message(`${name} ${target} HTTP/1.1`, [CLOSE], ""));
}

/** Lines that are sent as they stand, with an empty line behind them. */
export function lines(...text: string[]): Ask {
  return raw([...text, "", ""].join("\r\n"));
}

/** One message that is sent as it stands. */
export function raw(text: string, request: Ask["request"] = {}): Ask {
  return { messages: [text], request };
}

/** Several messages on one connection, each after the answer to the one before. */
export function inTurn(...messages: string[]): Ask {
  return { messages, request: {} };
}

export function withOptions(ask: Ask, options: Options): Ask {
  return { ...ask, ...options };
}
