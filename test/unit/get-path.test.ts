import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { decodeGetPath } from "../../src/ocsp/get-path.js";

/** Bytes whose base64 has `+`, `/` and padding. */
const BYTES = Buffer.from("30fbefbeff3efffbf0", "hex");
const TWO_PADS = Buffer.from("fbff30f0", "hex");

const decoded = (path: string): string | undefined => {
  const bytes = decodeGetPath(path);
  return bytes && Buffer.from(bytes).toString("hex");
};

it("P15, F2: base64 as RFC 6960 A.1 wants it, percent-encoded whole", () => {
  for (const bytes of [BYTES, TWO_PADS, BYTES.subarray(1)])
    assert.equal(decoded(encodeURIComponent(bytes.toString("base64"))), bytes.toString("hex"));
});

it("P15, F3: the other spellings that clients use", () => {
  assert.equal(TWO_PADS.toString("base64"), "+/8w8A==");
  for (const path of [
    "+/8w8A==", // nothing escaped
    "%2B%2F8w8A%3D%3D",
    "%2b%2f8w8A%3d%3D", // digits of any case
    "+/8w8A", // without padding
    "%2B/8w8A=%3D", // mixed
    " /8w8A==", // a space for +
    "%20/8w8A==",
    "-_8w8A==", // the URL-safe alphabet
    "-_8w8A",
    "/+/8w8A==", // one spare slash
    "%2B%2F%38w8A==", // an escape that was not needed
  ])
    assert.equal(decoded(path), "fbff30f0", path);
});

it("P15: everything else is refused, so that the caller answers 400", () => {
  for (const path of [
    "%0A+/8w8A==",
    "+/8w8A==%0A",
    "+/8w8A==\n",
    "+/8w\r\n8A==",
    "%00",
    "%252B/8w8A==", // encoded twice
    "%2", // escape cut short
    "%",
    "%G0",
    "%2x8w",
    "+/8w8A=", // padding that does not fill
    "+/8w8A===",
    "+/8w8A==+/8w8A==", // two texts
    "+/8w=8A=",
    "M", // one digit carries no octet
    "MDMwM",
    "MDMw=",
    "MDMw====",
    "+/8w8A==?query",
    "+/8w8A==#",
    "MDMw.",
    "MDMw\u00e9",
    "%C3%A9",
    "MD*w",
  ])
    assert.equal(decodeGetPath(path), undefined, path);
});

it("P16: an empty path is no request", () => {
  assert.deepEqual(decoded(""), "");
  assert.deepEqual(decoded("/"), "");
});

it("any bytes come back from any spelling", () => {
  const spelling = fc.constantFrom<(text: string) => string>(
    (text) => text,
    (text) => encodeURIComponent(text),
    (text) => text.replace(/=/g, ""),
    (text) => text.replace(/\+/g, "-").replace(/\//g, "_"),
    (text) => text.replace(/\+/g, " "),
    (text) => [...text].map((each) => `%${each.charCodeAt(0).toString(16)}`).join(""),
  );
  // A request begins with 30, so its base64 does not begin with the slash that is taken for a spare one.
  const bytes = fc.uint8Array({ maxLength: 100 }).map((rest) => Buffer.from([0x30, ...rest]));
  fc.assert(
    fc.property(bytes, spelling, fc.boolean(), (each, spell, slash) => {
      const path = `${slash ? "/" : ""}${spell(each.toString("base64"))}`;
      assert.equal(decoded(path), each.toString("hex"));
    }),
  );
});

it("any text is decoded or refused, never an exception", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => void decodeGetPath(text)),
    { numRuns: 1000 },
  );
});
