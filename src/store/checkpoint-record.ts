import { ByteReader, ByteWriter } from "./record-bytes.js";
import type { JournalHead } from "./status-tables.js";

/**
 * A signature over the journal head, as stored under the head's position:
 *
 *   time (ms) 6 | length 2 and DER SubjectPublicKeyInfo | signature
 *
 * The key travels with it, so that whoever checks the store needs no token. That proves nothing about who owns the
 * key: compare its fingerprint with one kept elsewhere.
 */
export interface Checkpoint {
  readonly timeMs: number;
  readonly subjectPublicKeyInfo: Uint8Array;
  readonly signature: Uint8Array;
}

const DOMAIN_TAG = Buffer.from("sekisho checkpoint v1\0", "latin1");

/** The signed bytes: domain tag | installation 16 | position 6 | head hash 32 | time (ms) 6. `installation` is hexadecimal. */
export function checkpointMessage(
  installation: string,
  { position, hash }: JournalHead,
  timeMs: number,
): Buffer {
  return new ByteWriter()
    .raw(DOMAIN_TAG)
    .raw(Buffer.from(installation, "hex"))
    .uint(position, 6)
    .hash(hash)
    .uint(timeMs, 6)
    .finish();
}

export function encodeCheckpoint({ timeMs, subjectPublicKeyInfo, signature }: Checkpoint): Buffer {
  return new ByteWriter().uint(timeMs, 6).counted(subjectPublicKeyInfo, 2).raw(signature).finish();
}

/** Throws RangeError on bytes that `encodeCheckpoint` cannot have written. */
export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const input = new ByteReader(bytes);
  return { timeMs: input.uint(6), subjectPublicKeyInfo: input.counted(2), signature: input.rest() };
}
