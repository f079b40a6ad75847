import { createHash } from "node:crypto";
import { closeSync, fstatSync, lstatSync, readSync, type Stats } from "node:fs";
import { dirname, join } from "node:path";
import { isSekishoError, SekishoError } from "../core/errors.js";
import type { Log } from "../core/log.js";
import { type CrlOutline, readCrlOutline } from "../crl/outline.js";
import { fileIdentity, LargeFile, openFile } from "./large-file.js";

/** A smaller file is kept in memory and answered whole: it fits what a socket takes at once. */
const KEPT_OCTETS = 64 * 1024;
export type CrlKind = "complete" | "delta" | "partition";

/** A published CRL. Times are unix seconds. */
export interface CrlFile {
  readonly number: bigint;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly etag: string;
  readonly content: Uint8Array | LargeFile;
}

interface Seen {
  readonly identity: string;
  /** Undefined for a file that is no CRL, so that it is not read again and again. */
  readonly crl: CrlFile | undefined;
}

/**
 * The published CRL files. Only what stands before and after the entries is ever read here, once for each version of a
 * file: the same work for a list of any length. The publisher has verified the rest (invariant 5).
 */
export class CrlFiles {
  private readonly seen = new Map<string, Seen>();

  constructor(
    private readonly dir: string,
    private readonly log: Log,
  ) {}

  /** The file that now has a name below the directory, such as `root.crl`; undefined if it is missing or damaged. */
  find(name: string): CrlFile | undefined {
    const path = join(this.dir, name);
    const stats = look(path);
    const isThere = stats?.isFile() && (!name.includes("/") || isDirectory(dirname(path)));
    if (stats === undefined || !isThere) {
      this.seen.delete(name);
      return undefined;
    }
    const known = this.seen.get(name);
    if (known?.identity === fileIdentity(stats)) return known.crl;
    const fresh = this.open(path);
    if (fresh !== undefined) this.seen.set(name, fresh);
    return fresh?.crl;
  }

  private open(path: string): Seen | undefined {
    const fd = openFile(path);
    if (fd === undefined) return undefined;
    try {
      const stats = fstatSync(fd);
      return { identity: fileIdentity(stats), crl: this.read(path, fd, stats) };
    } finally {
      closeSync(fd);
    }
  }

  /** Undefined for a file that is no CRL: better no answer than a broken one, and the other documents go on. */
  private read(path: string, fd: number, stats: Stats): CrlFile | undefined {
    const { size } = stats;
    try {
      const outline = readCrlOutline(
        (buffer, offset) => readSync(fd, buffer, 0, buffer.length, offset),
        size,
      );
      const onFault = (err: unknown): void => this.log.error({ err, path }, "a download was cut");
      const content =
        size > KEPT_OCTETS ? new LargeFile(path, fileIdentity(stats), size, onFault) : readWhole(fd, size);
      return { ...datesOf(outline), etag: etagOf(outline, size), content };
    } catch (error) {
      if (!isSekishoError(error, "CRL_INVALID")) throw error;
      this.log.error({ path, reason: error.message }, "a published CRL is damaged and not served");
      return undefined;
    }
  }
}

/** False for a symlink to one (standards P26). */
const isDirectory = (path: string): boolean => look(path)?.isDirectory() === true;

function look(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function readWhole(fd: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  if (readSync(fd, bytes, 0, size, 0) < size) throw new SekishoError("CRL_INVALID", "truncated");
  return bytes;
}

function datesOf({ header, extensions }: CrlOutline): Pick<CrlFile, "number" | "thisUpdate" | "nextUpdate"> {
  const { thisUpdate, nextUpdate } = header;
  const { cRLNumber: number } = extensions;
  if (number === undefined || nextUpdate === undefined)
    throw new SekishoError("CRL_INVALID", "cRLNumber or nextUpdate is missing");
  return { number, thisUpdate, nextUpdate };
}

/**
 * A strong entity tag without reading the entries: the signature in the tail is over all of them, so two lists of one
 * issuer that differ anywhere differ here. Nothing in it depends on the machine or the process.
 */
function etagOf({ head, tail }: CrlOutline, size: number): string {
  const hash = createHash("sha256").update(`${size} ${head.length} `).update(head).update(tail);
  return `"${hash.digest("hex")}"`;
}
