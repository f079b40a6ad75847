import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from "node:fs";
import type { ByteRange } from "../http/byte-range.js";
import type { FileRange } from "../http/handler.js";

/** Nothing but a file itself is opened: no symlink is followed (standards P26), and no pipe waited for. */
const OPEN_FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** Opens a published file; undefined if there is none. Throws any other system error. */
export function openFile(path: string): number | undefined {
  try {
    return openSync(path, OPEN_FLAGS);
  } catch (error) {
    if (NOT_THERE.has((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}

/** Missing, or a symlink in the place of the file. */
const NOT_THERE = new Set(["ENOENT", "ELOOP"]);

/** Tells a file from the one that takes its name. */
export function fileIdentity({ dev, ino, size, mtimeMs, ctimeMs }: Stats): string {
  return [dev, ino, size, mtimeMs, ctimeMs].join(" ");
}

/**
 * One version of a file too large to be kept in memory. All who download it share one descriptor, which stays with this
 * version when the file is replaced, and is closed with the last of them.
 */
export class LargeFile {
  private fd = -1;
  private users = 0;

  /** `identity` by `fileIdentity`; `onFault` hears why it could not be read. */
  constructor(
    private readonly path: string,
    private readonly identity: string,
    readonly length: number,
    private readonly onFault: (error: unknown) => void,
  ) {}

  /** Some of its octets; undefined if the file has just been replaced or removed. Throws the system error. */
  range({ start, stop }: ByteRange): FileRange | undefined {
    if (this.users === 0 && !this.open()) return undefined;
    this.users++;
    return {
      length: stop - start,
      read: (buffer, offset) => this.read(buffer, start + offset),
      close: () => this.leave(),
    };
  }

  private open(): boolean {
    const fd = openFile(this.path);
    if (fd === undefined) return false;
    if (fileIdentity(fstatSync(fd)) !== this.identity) {
      closeSync(fd);
      return false;
    }
    this.fd = fd;
    return true;
  }

  /**
   * Synchronous, as reading the store is: what was just published lies in the page cache, and an asynchronous read would
   * need a buffer for each download.
   */
  private read(buffer: Uint8Array, position: number): boolean {
    try {
      if (readSync(this.fd, buffer, 0, buffer.length, position) === buffer.length) return true;
      throw new Error("it is shorter than it was");
    } catch (error) {
      this.onFault(error);
      return false;
    }
  }

  private leave(): void {
    if (--this.users > 0) return;
    closeSync(this.fd);
    this.fd = -1;
  }
}
