/** Passes chunks on through a hash. */
export function* hashed(
  chunks: Iterable<Uint8Array>,
  hash: { update(bytes: Uint8Array): unknown },
): Generator<Uint8Array, void, undefined> {
  for (const chunk of chunks) {
    hash.update(chunk);
    yield chunk;
  }
}
