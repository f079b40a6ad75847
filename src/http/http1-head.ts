import { HttpFault } from "./http-fault.js";
import { originForm } from "./request-target.js";

/** How the end of a body is known (RFC 9112 6.3). `length` in octets; 0 for no body. */
export type Framing = { readonly chunked: true } | { readonly chunked: false; readonly length: number };

const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e]+) HTTP\/([0-9])\.([0-9])$/;
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const FIELD_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
const HOST = /^[A-Za-z0-9._~!$&'()*+,;=%:[\]-]*$/;
const DIGITS = /^[0-9]+$/;

/** The request line and header fields of one request, each line checked as it arrives. */
export class RequestHead {
  readonly method: string;
  /** Raw request target in origin form: nothing decoded, collapsed or resolved. */
  readonly target: string;
  readonly http11: boolean;
  readonly #names: string[] = [];
  readonly #values: string[] = [];

  /**
   * Throws HttpFault 400 for a malformed request line and 505 for another major version than 1 (RFC 9112 3). A higher
   * minor version than ours is taken for 1.1 (RFC 9110 2.5).
   */
  constructor(requestLine: string) {
    const match = REQUEST_LINE.exec(requestLine);
    if (match === null) throw new HttpFault(400, "malformed request line");
    const [, method = "", target = "", major, minor] = match;
    if (major !== "1") throw new HttpFault(505, "HTTP/1.0 or 1.1 only");
    this.method = method;
    this.target = originForm(target);
    this.http11 = minor !== "0";
  }

  /** Adds one field line. Folded lines and whitespace before the colon fail the name's check (RFC 9112 5.1, 5.2). */
  addField(line: string): void {
    const { name, value } = parseFieldLine(line);
    this.#names.push(name);
    this.#values.push(value);
  }

  /** Value of a field by its lower-case name; several joined with ", "; "" when absent. */
  header(name: string): string {
    const first = this.#names.indexOf(name);
    if (first === -1) return "";
    if (this.#names.indexOf(name, first + 1) === -1) return this.#values[first] as string;
    return this.#valuesOf(name).join(", ");
  }

  /** Checks Host, which 1.1 demands and nobody may send twice (RFC 9112 3.2). */
  checkHost(): void {
    const hosts = this.#valuesOf("host");
    if (hosts.length > 1 || (this.http11 && hosts.length === 0) || !hosts.every((host) => HOST.test(host)))
      throw new HttpFault(400, "one valid Host field is required");
  }

  /** How the body is framed. Throws HttpFault for all that intermediaries could read in two ways (standards P18). */
  framing(maxBodyBytes: number): Framing {
    const lengths = this.#valuesOf("content-length");
    const codings = this.#valuesOf("transfer-encoding");
    if (codings.length > 0) {
      if (lengths.length > 0) throw new HttpFault(400, "Content-Length together with Transfer-Encoding");
      if (!this.http11) throw new HttpFault(400, "Transfer-Encoding in an HTTP/1.0 request");
      if (codings.length > 1 || codings[0]?.toLowerCase() !== "chunked")
        throw new HttpFault(501, "the only transfer coding known is chunked");
      return { chunked: true };
    }
    const [length = "0"] = lengths;
    if (lengths.length > 1 || !DIGITS.test(length)) throw new HttpFault(400, "malformed Content-Length");
    if (Number(length) > maxBodyBytes) throw new HttpFault(413, "request body too large");
    return { chunked: false, length: Number(length) };
  }

  /** True when the client waits for 100 (Continue). HTTP/1.0 clients cannot (RFC 9110 10.1.1). */
  expectsContinue(): boolean {
    const expectation = this.http11 ? this.header("expect") : "";
    if (expectation === "") return false;
    if (expectation.toLowerCase() !== "100-continue") throw new HttpFault(417, "unknown expectation");
    return true;
  }

  /** True when the connection outlives the request (RFC 9112 9.3). */
  keepsAlive(): boolean {
    const options = this.header("connection").toLowerCase();
    if (options === "") return this.http11;
    const listed = options.split(",").map((option) => option.trim());
    return !listed.includes("close") && (this.http11 || listed.includes("keep-alive"));
  }

  #valuesOf(name: string): string[] {
    return this.#values.filter((_, index) => this.#names[index] === name);
  }
}

/** Splits a field line into its lower-case name and trimmed value. Throws HttpFault 400. */
export function parseFieldLine(line: string): { name: string; value: string } {
  const colon = line.indexOf(":");
  const name = line.slice(0, Math.max(colon, 0));
  const value = trimSpacesAndTabs(line, colon + 1);
  if (!TOKEN.test(name) || !FIELD_VALUE.test(value)) throw new HttpFault(400, "malformed header field");
  return { name: name.toLowerCase(), value };
}

/** Only OWS (RFC 9110 5.6.3) is trimmed: String.trim would also remove octets such as 0xa0. */
function trimSpacesAndTabs(line: string, from: number): string {
  let start = from;
  let end = line.length;
  while (start < end && isSpaceOrTab(line.charCodeAt(start))) start++;
  while (end > start && isSpaceOrTab(line.charCodeAt(end - 1))) end--;
  return line.slice(start, end);
}

const isSpaceOrTab = (code: number): boolean => code === 0x20 || code === 0x09;
