import { decodeGetPath } from "../../../src/ocsp/get-path.js";
import { isMalformed, parseOcspRequest } from "../../../src/ocsp/request.js";
import { equalBytes, observe, roughly } from "../observe.js";
import { Finding, type FuzzTarget } from "../target.js";

/** The decoder of what stands in the path of an OCSP GET. Inputs are its characters, one an octet. */
export class GetPathTarget implements FuzzTarget {
  readonly name = "get-path";
  readonly syntax = "text";

  check(input: Uint8Array): string {
    const path = Buffer.from(input).toString("latin1");
    const observed = observe(input, (bytes) => decode(bytes), never);
    const der = observed.accepted ? observed.value : undefined;
    const expected = readByHand(path);
    if (der === undefined || expected === undefined) {
      if (der !== expected) throw new Finding("taken or refused against the rules of P15");
      return `refused ${kindsOf(path)}`;
    }
    if (!equalBytes(der, expected)) throw new Finding("decoded to other octets than P15 says");
    assertSameBySpelling(der);
    return `decoded ${statusOf(der)} ${kindsOf(path)} ${der.length % 3}`;
  }
}

const decode = (bytes: Uint8Array): Uint8Array | undefined =>
  decodeGetPath(Buffer.from(bytes).toString("latin1"));

/** The decoder throws nothing. */
const never = (): boolean => false;

/** Every spelling of a document is that document: by GET it means what it means by POST. */
function assertSameBySpelling(der: Uint8Array): void {
  const base64 = Buffer.from(der).toString("base64");
  const spellings = [
    encodeURIComponent(base64),
    `/${base64}`,
    base64.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", ""),
    base64.replaceAll("+", "%20").replaceAll("/", "%2f").replaceAll("=", "%3D"),
  ];
  for (const spelling of spellings) {
    const again = decodeGetPath(spelling);
    if (again === undefined || !equalBytes(again, der))
      throw new Finding("another spelling is not the same document");
  }
}

/** A second decoder, digit by digit, written from P15 and RFC 4648 4 and 5; undefined for a path that is refused. */
function readByHand(path: string): Buffer | undefined {
  const characters = charactersOf(path.startsWith("/") ? path.slice(1) : path);
  if (characters === undefined) return undefined;
  let bits = 0;
  let held = 0;
  let digits = 0;
  let padding = 0;
  const octets: number[] = [];
  for (const character of characters) {
    if (character === "=") {
      padding++;
      continue;
    }
    const value = DIGITS.get(character);
    if (value === undefined || padding > 0) return undefined;
    digits++;
    held = ((held << 6) | value) & 0x3fff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      octets.push((held >> bits) & 0xff);
    }
  }
  const left = digits % 4;
  const wholeGroups = padding === 0 || (left !== 0 && left + padding === 4);
  return left !== 1 && wholeGroups ? Buffer.from(octets) : undefined;
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const DIGITS: ReadonlyMap<string, number> = new Map([
  ...[...ALPHABET].map((digit, value) => [digit, value] as const),
  ["-", 62],
  ["_", 63],
  [" ", 62],
]);

/** The characters once percent escapes are read; undefined at an escape that is none. */
function charactersOf(text: string): string[] | undefined {
  const found: string[] = [];
  for (let at = 0; at < text.length; at++) {
    if (text[at] !== "%") {
      found.push(text[at] as string);
      continue;
    }
    const digits = text.slice(at + 1, at + 3);
    if (digits.length < 2 || [...digits].some((digit) => !"0123456789abcdefABCDEF".includes(digit)))
      return undefined;
    found.push(String.fromCharCode(Number.parseInt(digits, 16)));
    at += 2;
  }
  return found;
}

function statusOf(der: Uint8Array): string {
  try {
    return `request of ${roughly(parseOcspRequest(der).certIDs.length)}`;
  } catch (error) {
    if (!isMalformed(error))
      throw new Finding("the document is refused with another error", { cause: error });
    return "malformed";
  }
}

/** Which kinds of characters a path has: what its outcome can depend on. */
function kindsOf(path: string): string {
  const kinds = [
    /^\//,
    /.\//,
    /\+/,
    / /,
    /[-_]/,
    /=/,
    /=[^=]/,
    /%(?![0-9a-f]{2})/i,
    /%2b/i,
    /%2f/i,
    /%3d/i,
    /%20/,
  ];
  return [...kinds, /%25/, /%[01]/, /[^ -~]/, /[!-*,.:-@[-`{-~]/]
    .map((kind) => (kind.test(path) ? "1" : "0"))
    .join("");
}
