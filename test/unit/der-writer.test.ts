import assert from "node:assert/strict";
import { it } from "node:test";
import { contextConstructed, TAG } from "../../src/asn1/tags.js";
import {
  bitString,
  booleanTrue,
  constructed,
  encode,
  encoded,
  headerLength,
  integer,
  nullValue,
  octetString,
  sequence,
  unsignedInteger,
  writeHeader,
} from "../../src/asn1/writer.js";

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

it("length octets are as few as possible, at each border (X.690 10.1)", () => {
  for (const [length, header] of [
    [0, "0400"],
    [0x7f, "047f"],
    [0x80, "048180"],
    [0xff, "0481ff"],
    [0x100, "04820100"],
    [0xffff, "0482ffff"],
    [0x10000, "0483010000"],
    [0xffffff, "0483ffffff"],
    [0x1000000, "048401000000"],
    [0xffffffff, "0484ffffffff"],
  ] as const) {
    const out = Buffer.alloc(6);
    const end = writeHeader(out, 0, TAG.OCTET_STRING, length);
    assert.equal(out.toString("hex", 0, end), header);
    assert.equal(headerLength(length), end);
  }
});

it("an encoding has exactly the length it announced", () => {
  for (const size of [0, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000]) {
    const der = sequence(octetString(new Uint8Array(size)), bitString(new Uint8Array(size)));
    const out = new Uint8Array(der.length + 1).fill(0xee);
    assert.equal(der.write(out, 0), der.length);
    assert.equal(out[der.length], 0xee);
  }
});

it("integers are minimal and never negative (X.690 8.3)", () => {
  for (const [value, der] of [
    [0, "020100"],
    [127, "02017f"],
    [128, "02020080"],
    [255, "020200ff"],
    [256, "02020100"],
    [2 ** 31, "02050080000000"],
    [Number.MAX_SAFE_INTEGER, "02071fffffffffffff"],
    [2n ** 64n, `0209010000000000000000`],
  ] as const)
    assert.equal(hexOf(encode(integer(value))), der);
  assert.equal(hexOf(encode(integer(5, TAG.ENUMERATED))), "0a0105");
});

it("integers that would be written as others are refused", () => {
  for (const bad of [-1, -1n, 0.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY])
    assert.throws(() => integer(bad), RangeError);
});

it("a magnitude loses leading zeros and gets one when it needs a sign", () => {
  for (const [magnitude, der] of [
    ["", "020100"],
    ["00", "020100"],
    ["0000", "020100"],
    ["0001", "020101"],
    ["80", "02020080"],
    ["0080", "02020080"],
    [`${"ff".repeat(20)}`, `021500${"ff".repeat(20)}`],
  ] as const)
    assert.equal(hexOf(encode(unsignedInteger(Buffer.from(magnitude, "hex")))), der);
});

it("absent optional elements take no room; constants are DER", () => {
  assert.equal(hexOf(encode(sequence(undefined, nullValue, undefined, booleanTrue))), "300505000101ff");
  assert.equal(hexOf(encode(constructed(contextConstructed(1), encoded(Uint8Array.of(5, 0))))), "a1020500");
  assert.equal(hexOf(encode(bitString(Uint8Array.of(0xa5)))), "030200a5");
  assert.equal(hexOf(encode(sequence())), "3000");
});
