import type { HostileRequest, HostileRequests } from "./hostile-requests.js";

/** A whole HTTP request around a hostile OCSP request, and the outcomes that standards F and P allow. */
export interface HostileHttp {
  readonly bytes: Buffer;
  readonly rule: string;
  readonly allowed: readonly string[];
}

/** What an answer is called: its OCSP status if it is an OCSPResponse, else its HTTP status. */
export function outcomeOf({ status, body }: { readonly status: number; readonly body: Buffer }): string {
  const isOcsp = body[0] === 0x30 && body.length >= 5;
  if (!isOcsp) return String(status);
  // Behind the header comes responseStatus, ENUMERATED of one octet.
  const header = 2 + Math.max(0, (body[1] as number) - 0x80);
  const ocspStatus = body[header + 2];
  return status === 200 ? String(ocspStatus) : `${status} ${ocspStatus}`;
}

export function hostileHttp(requests: HostileRequests): HostileHttp {
  const made = requests.next();
  return WAYS[requests.int(WAYS.length)]?.(requests, made) ?? post(made);
}

const head = (line: string, ...fields: string[]): string =>
  [line, "Host: localhost", ...fields, "", ""].join("\r\n");

function post({ der, rule, allowed }: HostileRequest, ...fields: string[]): HostileHttp {
  const start = head("POST /ocsp HTTP/1.1", ...fields, `Content-Length: ${der.length}`);
  return { bytes: Buffer.concat([Buffer.from(start), der]), rule, allowed };
}

type Way = (of: HostileRequests, made: HostileRequest) => HostileHttp;

/** POST is tried most, because everything can be said in it. */
const WAYS: readonly Way[] = [
  ...Array.from({ length: 6 }, (): Way => (_, made) => post(made, "Content-Type: application/ocsp-request")),
  (of, made) => get(of, made),
  (of, made) => get(of, made),
  (of, made) => ({
    ...post(made, `Content-Type: ${of.pick(["text/html", "application/json", "application/ocsp-response"])}`),
    rule: "P17 wrong Content-Type",
    allowed: ["415"],
  }),
  (of) => ({
    bytes: Buffer.from(
      head(`GET /ocsp/${of.pick(["MFE%ZZ", "MA%0AMA", "M!!!", "MFE%252B", "MA==="])} HTTP/1.1`),
    ),
    rule: "P15 no base64",
    allowed: ["400 1"],
  }),
  (of) => ({
    bytes: Buffer.from(head(`${of.pick(["PUT", "DELETE", "TRACE", "BREW"])} /ocsp HTTP/1.1`)),
    rule: "P21 another method",
    allowed: ["405", "501"],
  }),
  (of) => ({
    bytes: Buffer.from(
      head(`GET ${of.pick(["/crl/..%2froot.crl", "/certs/../a", "/nothing", "/crl/root.crl%00"])} HTTP/1.1`),
    ),
    rule: "P26 no such path",
    allowed: ["404", "400"],
  }),
];

/** Spellings that clients use and that are legal or common (standards F3, P15). */
function get(of: HostileRequests, { der, rule, allowed }: HostileRequest): HostileHttp {
  const base64 = Buffer.from(der).toString("base64");
  const path = of.pick([
    encodeURIComponent(base64),
    base64,
    base64.replace(/=+$/, ""),
    base64.replaceAll("+", "-").replaceAll("/", "_"),
    `/${base64}`,
  ]);
  const tooLong = path.length < 7_000 ? [] : ["414", "431"];
  return {
    bytes: Buffer.from(head(`GET /ocsp/${path} HTTP/1.1`)),
    rule: `GET: ${rule}`,
    // An empty document is an empty path.
    // What does not begin as DER may begin with a slash, which reads like a spare one.
    allowed: [...allowed, ...tooLong, ...(base64.startsWith("/") ? ["400 1"] : [])],
  };
}
