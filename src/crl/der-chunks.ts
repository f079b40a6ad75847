import { latin1 } from "../core/bytes.js";
import { SekishoError } from "../core/errors.js";

const BEGIN = "-----BEGIN X509 CRL-----";
const END = "-----END X509 CRL-----";

/** What PEM begins with and no DER of a SEQUENCE. */
const HYPHEN = 0x2d;

/** No PEM line is longer by far (RFC 7468 2 has 64 characters). */
const MAX_LINE = 1024;

/**
 * The DER of a CRL from the bytes of its file: bare DER goes through as it is, one PEM block (RFC 7468) is decoded piece
 * by piece. Throws PEM_INVALID on a block with anything but white space around it, or that is not canonical base64.
 */
export function* derChunks(chunks: Iterable<Uint8Array>): Generator<Uint8Array, void, undefined> {
  let pem: PemDecoder | undefined;
  let first = true;
  for (const chunk of chunks) {
    if (first && chunk[0] === HYPHEN) pem = new PemDecoder();
    first = false;
    yield pem === undefined ? chunk : pem.decode(latin1(chunk));
  }
  if (pem !== undefined) yield pem.finish();
}

class PemDecoder {
  private stage: "begin" | "base64" | "after" = "begin";
  /** A line whose end is still to come. */
  private line = "";
  /** Characters of the base64 text that make no whole group of four yet. */
  private group = "";
  /** True after a group with "=", which ends the text. */
  private padded = false;

  decode(text: string): Uint8Array {
    const lines = (this.line + text).split("\n");
    this.line = lines.pop() as string;
    if (this.line.length > MAX_LINE) refuse("a line is too long");
    return this.take(lines);
  }

  finish(): Uint8Array {
    const rest = this.take([this.line]);
    if (this.stage !== "after" || this.group !== "") refuse(`does not end with a line "${END}"`);
    return rest;
  }

  private take(lines: readonly string[]): Uint8Array {
    let base64 = this.group;
    for (const each of lines) {
      const line = each.trimEnd();
      if (this.stage === "base64" && line !== END) base64 += line;
      else this.passBoundary(line);
    }
    const whole = base64.length - (base64.length % 4);
    const groups = base64.slice(0, whole);
    const der = Buffer.from(groups, "base64");
    // Node skips what is not base64; only text that it writes the same way again was canonical.
    if (der.toString("base64") !== groups || (this.padded && whole > 0))
      refuse("the block is not canonical base64");
    this.group = base64.slice(whole);
    this.padded ||= groups.endsWith("=");
    return der;
  }

  private passBoundary(line: string): void {
    if (this.stage === "begin" && line === BEGIN) this.stage = "base64";
    else if (this.stage === "base64") this.stage = "after";
    else if (this.stage === "begin") refuse(`does not begin with a line "${BEGIN}"`);
    else if (line !== "") refuse(`something follows the line "${END}"`);
  }
}

function refuse(why: string): never {
  throw new SekishoError("PEM_INVALID", why);
}
