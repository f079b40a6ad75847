import { createHash } from "node:crypto";
import { DownloadClient } from "../support/download-client.js";

/** A process of slow downloads, so that what they cost it does not show in the figures of the others. */

export interface ReadersTask {
  readonly port: number;
  readonly target: string;
  readonly readers: number;
  /** Octets a second that each takes. */
  readonly pace: number;
}

export interface ReadersReport {
  /** Downloads under way, or that ended whole. */
  readonly whole: number;
  /** Downloads that the server ended. */
  readonly cut: number;
  /** SHA-256 of what the sample got, each version once. */
  readonly digests: readonly string[];
}

/** Octets of one piece that node:net delivers. */
const PIECE = 64 * 1024;
/** Downloads of one address: within what the repository allows. */
const READERS_OF_ADDRESS = 32;
/** One in so many is read to its end, and what it got compared; the others are aborted. */
const SAMPLE = 50;

interface Reader {
  readonly client: DownloadClient;
  readonly digest: () => string;
  isFast: boolean;
}

process.once("message", (task: ReadersTask) => void run(task));

async function run(task: ReadersTask): Promise<void> {
  const readers: Reader[] = [];
  for (let i = 0; i < task.readers; i++) readers.push(await start(task, i));
  const finishing = new Promise<void>((resolve) => process.once("message", () => resolve()));
  process.send?.({ whole: readers.length, cut: 0, digests: [] } satisfies ReadersReport);
  await finishing;
  const cut = readers.filter(({ client }) => client.socket.destroyed).length;
  const sample = readers.filter((_, i) => i % SAMPLE === 0);
  for (const reader of readers) if (!sample.includes(reader)) reader.client.socket.destroy();
  let whole = 0;
  for (const reader of sample) {
    reader.isFast = true;
    reader.client.resume();
    if (await reader.client.until(Number(reader.client.field("content-length")))) whole++;
  }
  const digests = [...new Set(sample.map(({ digest }) => digest()))];
  process.send?.({ whole, cut, digests } satisfies ReadersReport, () => process.exit(0));
}

async function start({ port, target, pace }: ReadersTask, i: number): Promise<Reader> {
  const hash = createHash("sha256");
  const address = `127.0.1.${1 + Math.floor(i / READERS_OF_ADDRESS)}`;
  const onPiece = (piece: Buffer): void => {
    if (i % SAMPLE === 0) hash.update(piece);
    if (reader?.isFast) return;
    reader?.client.pause();
    setTimeout(() => reader?.client.resume(), (1_000 * PIECE) / pace);
  };
  let reader: Reader | undefined;
  const request = `GET ${target} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
  const client = await DownloadClient.start(port, request, onPiece, address);
  reader = { client, digest: () => hash.copy().digest("hex"), isFast: false };
  await client.until(1);
  return reader;
}
