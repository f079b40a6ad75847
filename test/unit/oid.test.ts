import assert from "node:assert/strict";
import { it } from "node:test";
import fc from "fast-check";
import { OID, oid, oidContent, oidText } from "../../src/asn1/oid.js";
import { DerReader } from "../../src/asn1/reader.js";
import { encode } from "../../src/asn1/writer.js";
import { openssl } from "../support/openssl.js";

const ENCODED = [
  ["0.0", "00"],
  ["0.39", "27"],
  ["1.0", "28"],
  ["1.39", "4f"],
  ["2.0", "50"],
  ["2.5.29.15", "551d0f"],
  ["2.47", "7f"],
  ["2.48", "8100"],
  ["2.999.3", "883703"], // X.690 8.19.5
  ["1.2.840.113549.1.1.11", "2a864886f70d01010b"],
  ["2.25.340282366920938463463374607431768211455", `6983${"ff".repeat(17)}7f`], // 2^128 - 1
] as const;

it("content octets of known identifiers, both ways (X.690 8.19)", () => {
  for (const [dotted, content] of ENCODED) {
    assert.equal(Buffer.from(oidContent(dotted)).toString("hex"), content, dotted);
    assert.equal(oidText(Buffer.from(content, "hex")), dotted);
  }
});

it("every identifier of the table reads back through openssl under the same number", () => {
  const numbers = Object.values(OID);
  assert.equal(new Set(numbers).size, numbers.length);
  for (const dotted of numbers) {
    const text = openssl(
      ["asn1parse", "-inform", "DER", "-oid", "/dev/null"],
      encode(oid(dotted)),
    ).toString();
    const name = /OBJECT\s+:(.*)/.exec(text)?.[1] ?? "";
    assert.equal(
      name,
      openssl(["asn1parse", "-genstr", `OID:${dotted}`])
        .toString()
        .match(/OBJECT\s+:(.*)/)?.[1],
    );
  }
});

it("any identifier reads back as it was written", () => {
  const arc = fc.bigInt({ min: 0n, max: 2n ** 126n });
  const head = fc.oneof(
    fc.tuple(fc.constantFrom(0n, 1n), fc.bigInt({ min: 0n, max: 39n })),
    fc.tuple(fc.constant(2n), arc),
  );
  fc.assert(
    fc.property(head, fc.array(arc, { maxLength: 5 }), (first, rest) => {
      const dotted = [...first, ...rest].join(".");
      const reader = new DerReader(encode(oid(dotted)));
      reader.oid();
      assert.equal(oidText(reader.content()), dotted);
    }),
  );
});

it("text that is no identifier is a RangeError", () => {
  for (const text of ["", "1", "3.1", "0.40", "1.40", "1.2.", ".1.2", "1..2", "1.02", "1.-2", "1.2a", "1.2 "])
    assert.throws(() => oidContent(text), RangeError, text);
});
