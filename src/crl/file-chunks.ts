import { closeSync, openSync, readSync } from "node:fs";

const CHUNK = 256 * 1024;

/** Bytes of a file, piece by piece in one buffer that is used again: a piece is valid until the next one is asked for. */
export function* fileChunks(path: string): Generator<Uint8Array, void, undefined> {
  const file = openSync(path, "r");
  try {
    const buffer = new Uint8Array(CHUNK);
    for (;;) {
      const length = readSync(file, buffer);
      if (length === 0) return;
      yield buffer.subarray(0, length);
    }
  } finally {
    closeSync(file);
  }
}
