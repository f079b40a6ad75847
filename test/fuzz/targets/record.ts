import { encodeFrame, FrameDecoder } from "../../../src/control/frame.js";
import {
  decodeHello,
  decodeReply,
  decodeRequest,
  encodeHello,
  encodeReply,
  encodeRequest,
} from "../../../src/control/protocol.js";
import { SekishoError } from "../../../src/core/errors.js";
import { decodeCheckpoint, encodeCheckpoint } from "../../../src/store/checkpoint-record.js";
import { decodeRecord, encodeRecord } from "../../../src/store/journal-record.js";
import { decodeRow, encodeRow } from "../../../src/store/layout.js";
import { equalBytes, observe, refusalPlace, roughly } from "../observe.js";
import { Finding, type FuzzTarget } from "../target.js";

/** A decoder and its encoder. */
interface Codec {
  readonly name: string;
  /** Decodes and encodes again. */
  again(bytes: Buffer): Uint8Array;
  isRefusal(error: unknown): boolean;
}

const isRangeError = (error: unknown): boolean => error instanceof RangeError;
const isProtocolError = (error: unknown): boolean =>
  error instanceof SekishoError && error.code === "CONTROL_PROTOCOL";

/** By the first octet of an input. */
export const CODECS: readonly Codec[] = [
  { name: "journal", again: (bytes) => encodeRecord(decodeRecord(bytes)), isRefusal: isRangeError },
  { name: "row", again: (bytes) => encodeRow(decodeRow(bytes)), isRefusal: isRangeError },
  {
    name: "checkpoint",
    again: (bytes) => encodeCheckpoint(decodeCheckpoint(bytes)),
    isRefusal: isRangeError,
  },
  { name: "hello", again: (bytes) => encodeHello(decodeHello(bytes)), isRefusal: isProtocolError },
  { name: "envelope", again: (bytes) => encodeRequest(decodeRequest(bytes)), isRefusal: isProtocolError },
  { name: "reply", again: (bytes) => encodeReply(decodeReply(bytes)), isRefusal: isProtocolError },
  { name: "frames", again: framesAgain, isRefusal: isProtocolError },
];

/** The decoders of store records and of what CLI and issuer send each other. */
export class RecordTarget implements FuzzTarget {
  readonly name = "record";
  readonly syntax = "octets";

  check(input: Uint8Array): string {
    const codec = CODECS[(input[0] ?? 0) % CODECS.length] as Codec;
    const record = input.subarray(1);
    const observed = observe(record, (bytes) => codec.again(asBuffer(bytes)), codec.isRefusal);
    if (!observed.accepted) return `${codec.name} ${refusalPlace(observed.error)}`;
    if (!equalBytes(observed.value, record)) throw new Finding(`${codec.name}: read, and written otherwise`);
    return `${codec.name} accepted ${roughly(record.length)} ${record[1]}`;
  }
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

/** Cuts a stream into frames and writes them again, with what is left of an unfinished one. */
function framesAgain(stream: Buffer): Uint8Array {
  const whole = payloads(stream, stream.length);
  if (whole.join() !== payloads(stream, 1).join()) throw new Error("frames depend on how the stream is cut");
  const written = Buffer.concat(whole.map((hex) => encodeFrame(Buffer.from(hex, "hex"))));
  return Buffer.concat([written, stream.subarray(written.length)]);
}

function payloads(stream: Buffer, size: number): string[] {
  const decoder = new FrameDecoder();
  const found: string[] = [];
  for (let at = 0; at < stream.length; at += size)
    for (const payload of decoder.push(stream.subarray(at, at + size))) found.push(payload.toString("hex"));
  return found;
}
