import type { HttpResponse, HttpRequest as NativeRequest } from "uWebSockets.js";
import type { HttpRequest } from "./handler.js";
import { peerText } from "./peer-text.js";

const EMPTY = new Uint8Array();

/** The raw target: uWS cuts it at the first question mark; no query is undefined, an empty one "". */
function rawTarget(request: NativeRequest): string {
  const query: string | undefined = request.getQuery();
  return typeof query === "string" ? `${request.getUrl()}?${query}` : request.getUrl();
}

const peerOf = (response: HttpResponse): string => peerText(new Uint8Array(response.getRemoteAddress()));

/** A request without a body. It reads uWS's own request, which dies with the route handler, so it copies nothing. */
export interface BodylessRequest extends HttpRequest {
  /** To be called when the route handler returns. */
  expire(): void;
}

export function bodylessRequest(
  method: string,
  native: NativeRequest,
  response: HttpResponse,
): BodylessRequest {
  return new NativeBackedRequest(method, native, response);
}

class NativeBackedRequest implements BodylessRequest {
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

  expire(): void {
    this.#native = undefined;
  }
}

/** Copied header fields. */
export interface FieldTable {
  /** Value by lower-case name; several joined with ", "; "" when absent. */
  value(name: string): string;
}

/** The head of a request whose body arrives after the route handler has returned: everything is copied. */
export interface HeadWithBody {
  readonly fields: FieldTable;
  withBody(body: Uint8Array): HttpRequest;
}

export function requestWithBody(method: string, native: NativeRequest, response: HttpResponse): HeadWithBody {
  const target = rawTarget(native);
  const fields = copyFields(native);
  const header = (name: string): string => fields.value(name);
  return {
    fields,
    withBody: (body) => ({
      method,
      target,
      header,
      body,
      get peer() {
        return peerOf(response);
      },
    }),
  };
}

function copyFields(native: NativeRequest): FieldTable {
  const flat: string[] = [];
  native.forEach((name, value) => {
    flat.push(name, value);
  });
  return {
    value: (wanted) => {
      let joined: string | undefined;
      for (let i = 0; i < flat.length; i += 2)
        if (flat[i] === wanted) joined = joined === undefined ? flat[i + 1] : `${joined}, ${flat[i + 1]}`;
      return joined ?? "";
    },
  };
}
