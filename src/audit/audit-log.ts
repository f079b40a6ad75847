import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock } from "../core/clock.js";
import { SekishoError } from "../core/errors.js";
import { ensurePrivateDirectory } from "../core/private-directory.js";
import {
  type AuditFields,
  type AuditKind,
  CHAIN_START,
  encodeRecord,
  lineHash,
  MAX_LINE_BYTES,
  readLink,
} from "./record.js";

interface Waiting {
  readonly kind: AuditKind;
  readonly fields: AuditFields;
  resolve(): void;
  reject(error: unknown): void;
}

/** Where the chain stands: the last record's number and hash. */
interface ChainEnd {
  readonly seq: number;
  readonly hash: string;
}

/**
 * Append-only, hash-chained log of everything that the issuer did or refused: JSON lines in `audit.log`. One process
 * writes it. A chain alone shows tampering only against a head that is kept elsewhere (DESIGN 4.8).
 */
export class AuditLog {
  readonly #file: FileHandle;
  readonly #clock: Clock;
  #end: ChainEnd;
  #waiting: Waiting[] = [];
  #writing = false;
  #written: Promise<void> = Promise.resolve();
  #failure: SekishoError | undefined;
  #reportFailure: (failure: SekishoError) => void = () => undefined;
  /** Resolves with STORE_FAILED once a write has failed: nothing more is recorded then and a restart is due. */
  readonly failed: Promise<SekishoError> = new Promise((resolve) => {
    this.#reportFailure = resolve;
  });

  private constructor(file: FileHandle, clock: Clock, end: ChainEnd) {
    this.#file = file;
    this.#clock = clock;
    this.#end = end;
  }

  /**
   * Opens `audit.log` in a directory of mode 0700, created if missing, and goes on with its chain. A last line that a
   * crash tore, which nobody was told of, is cut off and the cut recorded. Throws AUDIT_BROKEN or FILE_ACCESS.
   */
  static async open(dir: string, clock: Clock): Promise<AuditLog> {
    ensurePrivateDirectory(dir);
    const path = join(dir, "audit.log");
    const file = await open(path, constants.O_RDWR | constants.O_APPEND | constants.O_CREAT, 0o600);
    try {
      await syncDirectory(dir);
      const tail = await readTail(file, path);
      const log = new AuditLog(file, clock, chainEnd(tail.line, path));
      if (tail.torn.length > 0) await log.#cut(tail.torn);
      return log;
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Number and hash of the last record that is on disk. */
  get head(): { readonly seq: number; readonly hash: string } {
    return this.#end;
  }

  /**
   * Resolves once the record is on disk. Records that come while others are being written share one sync. After a
   * failed write nothing more is taken: its place in the chain is unknown.
   */
  append(kind: AuditKind, fields: AuditFields = {}): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ kind, fields, resolve, reject });
      if (!this.#writing) this.#written = this.#writeAll();
    });
  }

  /** Waits for what is under way and closes the file. */
  async close(): Promise<void> {
    await this.#written;
    await this.#file.close();
  }

  async #writeAll(): Promise<void> {
    this.#writing = true;
    while (this.#waiting.length > 0) {
      const group = this.#waiting;
      this.#waiting = [];
      try {
        if (this.#failure !== undefined) throw this.#failure;
        await this.#write(group);
        for (const { resolve } of group) resolve();
      } catch (error) {
        // A record that is too long was not begun.
        const failure = error instanceof RangeError ? error : this.#fail(error);
        for (const { reject } of group) reject(failure);
      }
    }
    this.#writing = false;
  }

  #fail(cause: unknown): SekishoError {
    const reason = cause instanceof Error ? cause.message : String(cause);
    this.#failure ??= new SekishoError("STORE_FAILED", `the audit log could not be written: ${reason}`, {
      cause,
    });
    this.#reportFailure(this.#failure);
    return this.#failure;
  }

  async #write(group: readonly Waiting[]): Promise<void> {
    let end = this.#end;
    const lines: Buffer[] = [];
    for (const { kind, fields } of group) {
      const head = { seq: end.seq + 1, time: new Date(this.#clock.nowMs()).toISOString(), kind };
      const line = encodeRecord({ ...head, previous: end.hash }, fields);
      if (line.length > MAX_LINE_BYTES) throw new RangeError(`an audit record of ${line.length} octets`);
      lines.push(line, LINE_END);
      end = { seq: head.seq, hash: lineHash(line) };
    }
    await this.#file.appendFile(Buffer.concat(lines));
    await this.#file.datasync();
    this.#end = end;
  }

  async #cut(torn: Buffer): Promise<void> {
    const { size } = await this.#file.stat();
    await this.#file.truncate(size - torn.length);
    await this.append("audit.cut", { octets: torn.length, sha256: lineHash(torn) });
  }
}

const LINE_END = Buffer.from("\n");
const LF = 0x0a;

/** The last whole line (undefined in a file that has none), and what follows it. */
interface Tail {
  readonly line: Buffer | undefined;
  readonly torn: Buffer;
}

/** Reads as much of the file's end as two of the longest lines take. */
async function readTail(file: FileHandle, path: string): Promise<Tail> {
  const { size } = await file.stat();
  const length = Math.min(size, 2 * (MAX_LINE_BYTES + 1));
  const bytes = Buffer.alloc(length);
  const { bytesRead } = await file.read(bytes, 0, length, size - length);
  if (bytesRead !== length) throw new SekishoError("FILE_ACCESS", `${path}: changed while it was read`);
  const end = bytes.lastIndexOf(LF);
  if (end < 0 && length < size) throw new SekishoError("AUDIT_BROKEN", `${path}: the last line is too long`);
  const begin = end <= 0 ? 0 : bytes.lastIndexOf(LF, end - 1) + 1;
  return { line: end < 0 ? undefined : bytes.subarray(begin, end), torn: bytes.subarray(end + 1) };
}

function chainEnd(line: Buffer | undefined, path: string): ChainEnd {
  if (line === undefined) return { seq: 0, hash: CHAIN_START };
  const link = readLink(line);
  if (link === undefined) throw new SekishoError("AUDIT_BROKEN", `${path}: the last line is not a record`);
  return { seq: link.seq, hash: lineHash(line) };
}

/** A new file is durable only with its directory entry. */
async function syncDirectory(dir: string): Promise<void> {
  for (const path of [dir, dirname(dir)]) {
    const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY);
    await handle.sync().finally(() => handle.close());
  }
}
