import { closeSync, constants, fdatasyncSync, fstatSync, ftruncateSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";

/**
 * The journal position in 8 bytes, little-endian, mapped by responders (invariant 1).
 *
 * The issuer stores it after a commit is on disk and before the change is acknowledged. It is a hint that only says
 * "look into the journal": whoever sees a value other than the one it applied last reads the journal itself. A torn
 * read mixes old and new bytes, so it differs from the old value too unless the store has not finished; the change
 * is not acknowledged then. Nobody removes or renames the file while processes run: a mapping follows the inode.
 */

export const POSITION_OCTETS = 8;

export function positionPath(storeDir: string): string {
  return join(storeDir, "position");
}

export class PositionWriter {
  private readonly fd: number;
  private readonly bytes = Buffer.alloc(POSITION_OCTETS);
  private last = 0;

  /** Opens the file in place, or creates it with position 0: whoever maps it finds all of its bytes. */
  constructor(storeDir: string) {
    this.fd = openSync(positionPath(storeDir), constants.O_RDWR | constants.O_CREAT, 0o644);
    if (fstatSync(this.fd).size < POSITION_OCTETS) ftruncateSync(this.fd, POSITION_OCTETS);
  }

  /** Positions only rise: commits may finish out of order, the file may not. */
  store(position: number): void {
    if (position <= this.last) return;
    this.bytes.writeUInt32LE(position % 2 ** 32, 0);
    this.bytes.writeUInt32LE(Math.floor(position / 2 ** 32), 4);
    writeSync(this.fd, this.bytes, 0, POSITION_OCTETS, 0);
    this.last = position;
  }

  close(): void {
    fdatasyncSync(this.fd);
    closeSync(this.fd);
  }
}

/** Reads the position out of a mapping of the file. */
export function mappedPosition(mapping: ArrayBuffer): () => number {
  const words = new Uint32Array(mapping, 0, 2);
  return () => (words[1] as number) * 2 ** 32 + (words[0] as number);
}
