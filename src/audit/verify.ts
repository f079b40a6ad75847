import { createReadStream } from "node:fs";
import { SekishoError, toSekishoError } from "../core/errors.js";
import { CHAIN_START, lineHash, MAX_LINE_BYTES, readLink } from "./record.js";

export interface AuditVerification {
  readonly records: number;
  /** SHA-256 of the last record's line: what an anchor outside the host is compared with. */
  readonly head: string;
  /** Octets after the last whole line: a write under way, or one that a crash tore. */
  readonly tornOctets: number;
}

/**
 * Reads an audit log from its first record to its last in constant memory and checks numbers and chain. Throws
 * AUDIT_BROKEN naming the first bad record, FILE_ACCESS. Whole records missing at the end cannot be seen here: compare
 * `records` and `head` with a copy kept elsewhere.
 */
export async function verifyAuditLog(file: string): Promise<AuditVerification> {
  let records = 0;
  let head = CHAIN_START;
  const splitter = new LineSplitter();
  const broken = (why: string): SekishoError =>
    new SekishoError("AUDIT_BROKEN", `${file}: record ${records + 1} ${why}`);
  for await (const chunk of readFile(file)) {
    for (const line of splitter.push(chunk)) {
      const link = readLink(line);
      if (link === undefined) throw broken("is not a record");
      if (link.seq !== records + 1) throw broken(`has number ${link.seq}`);
      if (link.previous !== head) throw broken("does not chain to the one before it");
      records++;
      head = lineHash(line);
    }
    if (splitter.restLength > MAX_LINE_BYTES) throw broken("is too long");
  }
  return { records, head, tornOctets: splitter.restLength };
}

async function* readFile(file: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(file, { highWaterMark: 256 * 1024 });
  } catch (error) {
    throw toSekishoError(error);
  }
}

const LF = 0x0a;

/** Cuts pieces of a file into lines; what has no line end yet waits. */
class LineSplitter {
  #rest: Buffer[] = [];
  restLength = 0;

  *push(chunk: Buffer): Generator<Buffer> {
    let begin = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, begin)) {
      yield Buffer.concat([...this.#rest, chunk.subarray(begin, end)]);
      this.#rest = [];
      this.restLength = 0;
      begin = end + 1;
    }
    if (begin === chunk.length) return;
    this.#rest.push(chunk.subarray(begin));
    this.restLength += chunk.length - begin;
  }
}
