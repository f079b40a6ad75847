import type { HttpResponse, HttpRequest as NativeRequest } from "uWebSockets.js";
import type { HttpRequest } from "./handler.js";
import { peerText } from "./peer-text.js";
import { originForm } from "./request-target.js";

const EMPTY = new Uint8Array();

/** A GET or HEAD request. It reads uWS's own request, which dies with the route handler, so that nothing is copied. */
export class UwsRequest implements HttpRequest {
  readonly method: string;
  readonly target: string;
  readonly body = EMPTY;
  readonly #response: HttpResponse;
  #native: NativeRequest | undefined;

  constructor(method: string, native: NativeRequest, response: HttpResponse) {
    this.method = method;
    this.target = rawTarget(native);
    this.#native = native;
    this.#response = response;
  }

  header(name: string): string {
    return this.#native?.getHeader(name) ?? "";
  }

  get peer(): string {
    return this.#native === undefined ? "" : peerOf(this.#response);
  }

  /** To be called when the route handler returns. */
  expire(): void {
    this.#native = undefined;
  }
}

/** A request whose body arrives after uWS has taken back the head: the two fields that matter with a body are copied. */
export class UwsBodyRequest implements HttpRequest {
  readonly method: string;
  readonly target: string;
  body: Uint8Array = EMPTY;
  readonly #response: HttpResponse;
  readonly #contentType: string;
  readonly #contentEncoding: string;

  constructor(method: string, native: NativeRequest, response: HttpResponse) {
    this.method = method;
    this.target = rawTarget(native);
    this.#response = response;
    this.#contentType = native.getHeader("content-type");
    this.#contentEncoding = native.getHeader("content-encoding");
  }

  header(name: string): string {
    if (name === "content-type") return this.#contentType;
    return name === "content-encoding" ? this.#contentEncoding : "";
  }

  get peer(): string {
    return peerOf(this.#response);
  }
}

/** uWS cuts the target at the first question mark; no query is not a string here, an empty one is "". */
function rawTarget(native: NativeRequest): string {
  const query: unknown = native.getQuery();
  const path = originForm(native.getUrl());
  return typeof query === "string" ? `${path}?${query}` : path;
}

const peerOf = (response: HttpResponse): string => peerText(new Uint8Array(response.getRemoteAddress()));
