import type { Random } from "../fault/schedules/random.js";
import { mutateDer } from "./mutate-der.js";
import { mutateOctets, spliced } from "./mutate-octets.js";

/** What stands in the path of an OCSP GET, legal or not (standards P15). */
const TOKENS = [
  "%2B",
  "%2b",
  "%2F",
  "%2f",
  "%3D",
  "%3d",
  "%20",
  "%25",
  "%252B",
  "%0A",
  "%0D",
  "%00",
  "%",
].concat([
  "+",
  "/",
  "=",
  "==",
  "-",
  "_",
  " ",
  "//",
  "?",
  "#",
  ".",
  "..",
  "M",
  "MEM",
  "%4D",
  "%zz",
  "%C3%A9",
  "\xe9",
]);

/** The path with one change to its text, or with the document that it spells changed. */
export function mutateText(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  return random.pick(CHANGES)(bytes, random.int(bytes.length + 1), random, other);
}

type Change = (bytes: Uint8Array, at: number, random: Random, other: Uint8Array) => Uint8Array;

const token = (random: Random): Buffer => Buffer.from(random.pick(TOKENS), "latin1");

const CHANGES: readonly Change[] = [
  (bytes, at, random) => spliced(bytes, at, 0, token(random)),
  (bytes, at, random) => spliced(bytes, at, 1, token(random)),
  (bytes, at) => spliced(bytes, at, 1, escaped(bytes[at])),
  (bytes, at, random) => spliced(bytes, at, 1 + random.int(4), new Uint8Array()),
  (bytes, at, random) => spliced(bytes, at, 0, bytes.subarray(random.int(bytes.length + 1))),
  (bytes, _, random, other) => mutateOctets(bytes, other, random),
  (bytes, _, random, other) => spelled(mutateDer(documentOf(bytes), documentOf(other), random), random),
  (bytes, _, random) => spelled(documentOf(bytes), random),
];

/** The octet as a percent escape. */
function escaped(octet: number | undefined): Buffer {
  return Buffer.from(octet === undefined ? "" : `%${octet.toString(16).padStart(2, "0")}`);
}

/** Roughly what the path spells: Node's decoder is lenient. */
function documentOf(path: Uint8Array): Buffer {
  return Buffer.from(
    Buffer.from(path).toString("latin1").replace(/%2b/gi, "+").replace(/%2f/gi, "/"),
    "base64",
  );
}

function spelled(document: Uint8Array, random: Random): Buffer {
  const base64 = Buffer.from(document).toString("base64");
  const spelling = random.pick([
    base64,
    encodeURIComponent(base64),
    base64.replace(/=+$/, ""),
    base64.replaceAll("+", "-").replaceAll("/", "_"),
    base64.replaceAll("+", "%20"),
    `/${base64}`,
  ]);
  return Buffer.from(spelling, "latin1");
}
