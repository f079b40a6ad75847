import type { HttpResponse } from "uWebSockets.js";
import { ByteQueue } from "./byte-queue.js";

/**
 * Gathers a request body. `done` gets it once, or undefined as soon as it passes `maxBytes`; the bytes live until `done`
 * returns, for uWS takes back each piece then. After an abort `done` is never called.
 */
export function readBody(
  response: HttpResponse,
  maxBytes: number,
  done: (body: Uint8Array | undefined) => void,
): void {
  let gathered: ByteQueue | undefined;
  let over = false;
  response.onData((chunk, isLast) => {
    if (over) return;
    const size = (gathered?.length ?? 0) + chunk.byteLength;
    over = size > maxBytes;
    if (over) return done(undefined);
    if (isLast && gathered === undefined) return done(new Uint8Array(chunk));
    gathered ??= new ByteQueue();
    // The queue borrows its first segment, and uWS takes this one back.
    gathered.append(Buffer.from(gathered.length === 0 ? chunk.slice(0) : chunk));
    if (isLast) done(gathered.take(size));
  });
}
