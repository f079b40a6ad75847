import type { Random } from "../fault/schedules/random.js";

/** Octets that mean something as identifier, length, sign or text. */
const TELLING = [0x00, 0x01, 0x02, 0x04, 0x05, 0x06, 0x0a, 0x1f, 0x20, 0x30, 0x31, 0x7f, 0x80, 0x81, 0x82];
const ALSO_TELLING = [0x84, 0x85, 0xa0, 0xa1, 0xa2, 0xa3, 0xc0, 0xfe, 0xff];
const OCTETS = [...TELLING, ...ALSO_TELLING];

/** No input grows beyond this: what is longer is refused by its length alone. */
export const MAX_INPUT = 16 * 1024;

/** The bytes with one change to some octets. `other` is another input, to take a part of. */
export function mutateOctets(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const change = random.pick(CHANGES);
  const changed = change(bytes, random.int(bytes.length + 1), random, other);
  return changed.subarray(0, MAX_INPUT);
}

type Change = (bytes: Uint8Array, at: number, random: Random, other: Uint8Array) => Uint8Array;

const CHANGES: readonly Change[] = [
  (bytes, at, random) => replaced(bytes, at, (octet) => octet ^ (1 << random.int(8))),
  (bytes, at, random) => replaced(bytes, at, () => random.pick(OCTETS)),
  (bytes, at, random) => replaced(bytes, at, () => random.int(256)),
  (bytes, at, random) => replaced(bytes, at, (octet) => octet + (random.chance(0.5) ? 1 : -1)),
  (bytes, at, random) => spliced(bytes, at, 0, Buffer.of(random.pick(OCTETS))),
  (bytes, at, random) => spliced(bytes, at, 1 + random.int(8), new Uint8Array()),
  (bytes, at, random) => spliced(bytes, at, 0, part(bytes, random)),
  (bytes, at, random, other) => spliced(bytes, at, random.int(16), part(other, random)),
  (bytes, at, random) => spliced(bytes, at, 0, new Uint8Array(1 + random.int(64)).fill(random.pick(OCTETS))),
  (bytes, at) => bytes.subarray(0, at),
];

function replaced(bytes: Uint8Array, at: number, change: (octet: number) => number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  if (at < copy.length) copy[at] = change(copy[at] as number);
  return copy;
}

export function spliced(bytes: Uint8Array, at: number, removed: number, put: Uint8Array): Uint8Array {
  return Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + removed)]);
}

function part(bytes: Uint8Array, random: Random): Uint8Array {
  const start = random.int(bytes.length + 1);
  return bytes.subarray(start, start + 1 + random.int(32));
}
