import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { DerError, type DerFault, DerReader, MAX_DEPTH } from "../../src/asn1/reader.js";
import { assertStrictDer } from "../../src/asn1/strict-der.js";
import { TAG } from "../../src/asn1/tags.js";
import { encode, octetString } from "../../src/asn1/writer.js";

const reader = (hex: string): DerReader => new DerReader(Buffer.from(hex, "hex"));
const contentHex = (from: DerReader): string => Buffer.from(from.content()).toString("hex");

function refused(fault: DerFault, hex: string, read: (from: DerReader) => unknown): void {
  assert.throws(
    () => read(reader(hex)),
    (error) => error instanceof DerError && error.fault === fault,
    `${hex}: ${fault}`,
  );
}

describe("identifier and length octets (standards P1-P4)", () => {
  const any = (from: DerReader): void => from.any();

  it("lengths at each border read back", () => {
    for (const length of [0, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x10000]) {
      const from = new DerReader(encode(octetString(new Uint8Array(length))));
      from.next(TAG.OCTET_STRING);
      assert.equal(from.stop - from.start, length);
      from.finish();
    }
  });

  it("indefinite, not minimal and oversized lengths are refused", () => {
    refused("indefinite-length", "30800000", any);
    for (const hex of [
      "048100",
      "04817f",
      "0482007f",
      "048200ff",
      "048300ffff",
      "048400ffffff",
      "04840000000100",
    ])
      refused("length-not-minimal", `${hex}${"00".repeat(256)}`, any);
    for (const octets of ["85", "88", "fe", "ff"])
      refused("length-too-large", `04${octets}${"01".repeat(130)}`, any);
  });

  it("a length beyond the bytes is refused, also 2^31 and 2^32 - 1, which no number may take for negative", () => {
    for (const hex of [
      "",
      "04",
      "0401",
      "0405aabbccdd",
      "048180",
      "0481",
      "048201",
      "04847fffffff",
      "048480000000",
      "0484ffffffff",
    ])
      refused("truncated", hex, any);
  });

  it("a length beyond the surrounding element is refused even if the document has the bytes", () => {
    refused("truncated", "30030402aabb", (from) => {
      from.enter(TAG.SEQUENCE);
      from.any();
    });
  });

  it("high tag numbers are refused", () => {
    refused("high-tag-number", "1f0100", any);
    refused("high-tag-number", "bf1f00", any);
  });
});

describe("the cursor", () => {
  it("walks, goes into elements and comes out after their last byte", () => {
    const from = reader("300a02010130030401aa0500");
    const document = from.enter(TAG.SEQUENCE);
    assert.equal(from.smallInteger(), 1);
    const inner = from.enter(TAG.SEQUENCE);
    assert.equal(from.optional(TAG.NULL), false);
    assert.equal(from.optional(TAG.OCTET_STRING), true);
    assert.equal(contentHex(from), "aa");
    assert.equal(Buffer.from(from.element()).toString("hex"), "0401aa");
    assert.equal(from.more, false);
    from.leave(inner);
    assert.equal(from.peek(), TAG.NULL);
    from.null();
    from.leave(document);
    from.finish();
  });

  it("says what is wrong with the next tag", () => {
    refused("unexpected-tag", "0500", (from) => from.next(TAG.INTEGER));
    refused("truncated", "", (from) => from.next(TAG.INTEGER));
    assert.equal(reader("").peek(), -1);
    assert.equal(reader("").more, false);
  });

  it("refuses bytes that nobody read", () => {
    refused("trailing-bytes", "30020500", (from) => from.leave(from.enter(TAG.SEQUENCE)));
    refused("trailing-bytes", "050000", (from) => {
      from.null();
      from.finish();
    });
  });

  it("refuses depth beyond its bound, and starts over at depth 0 (standards P6)", () => {
    const nested = (depth: number): string => {
      let bytes: Uint8Array = new Uint8Array(0);
      for (let i = 0; i < depth; i++) bytes = encode(octetString(bytes)).fill(TAG.SEQUENCE, 0, 1);
      return Buffer.from(bytes).toString("hex");
    };
    const descend = (from: DerReader): void => {
      while (from.more) from.enter(TAG.SEQUENCE);
    };
    descend(reader(nested(MAX_DEPTH)));
    refused("too-deep", nested(MAX_DEPTH + 1), descend);
    const from = reader(nested(MAX_DEPTH));
    for (let i = 0; i < 3; i++) {
      descend(from);
      from.reset(from.bytes);
    }
  });

  it("borrows: content is the caller's memory", () => {
    const bytes = Buffer.from("040101", "hex");
    const from = new DerReader(bytes);
    from.any();
    bytes[2] = 0x77;
    assert.deepEqual([...from.content()], [0x77]);
  });

  it("keeps to a window of the bytes", () => {
    const from = new DerReader(Buffer.from("ff0500ff", "hex")).reset(Buffer.from("ff0500ff", "hex"), 1, 3);
    from.null();
    from.finish();
    const short = new DerReader(new Uint8Array(0)).reset(Buffer.from("0401aa", "hex"), 0, 2);
    assert.throws(() => short.any(), DerError);
  });
});

describe("INTEGER and ENUMERATED (standards P8)", () => {
  it("reads minimal ones", () => {
    for (const [hex, value] of [
      ["020100", 0],
      ["02017f", 127],
      ["02020080", 128],
      ["02047fffffff", 2 ** 31 - 1],
    ] as const)
      assert.equal(reader(hex).smallInteger(), value);
    const negative = reader("020180");
    negative.integer();
    assert.equal(contentHex(negative), "80");
    assert.equal(reader("0a0102").smallInteger(TAG.ENUMERATED), 2);
  });

  it("refuses the others", () => {
    refused("integer-empty", "0200", (from) => from.integer());
    for (const hex of ["02020000", "0202007f", "0202ff80", "0202ffff"])
      refused("integer-not-minimal", hex, (from) => from.integer());
    for (const hex of ["0201ff", "02050080000000", "0204ff7fffff", "02080102030405060708"])
      refused("integer-out-of-range", hex, (from) => from.smallInteger());
  });
});

describe("BOOLEAN, NULL, OBJECT IDENTIFIER, BIT STRING", () => {
  it("BOOLEAN is 00 or FF (X.690 11.1)", () => {
    assert.equal(reader("010100").boolean(), false);
    assert.equal(reader("0101ff").boolean(), true);
    for (const hex of ["0100", "010101", "0102ff00"])
      refused("boolean-not-der", hex, (from) => from.boolean());
  });

  it("NULL is empty", () => {
    reader("0500").null();
    refused("null-not-empty", "050100", (from) => from.null());
  });

  it("OBJECT IDENTIFIER has complete, minimal arcs and a bounded length (X.690 8.19)", () => {
    const from = reader("0603883703");
    from.oid();
    assert.equal(contentHex(from), "883703");
    reader(`068180${"01".repeat(128)}`).oid();
    for (const hex of ["0600", "060180", "06022a80", "06038037ff", "06032a8001", `068181${"01".repeat(129)}`])
      refused("oid-invalid", hex, (each) => each.oid());
  });

  it("BIT STRING has at most 7 unused bits, all zero (X.690 11.2)", () => {
    const from = reader("030204f0");
    assert.equal(from.bitString(), 4);
    assert.equal(contentHex(from), "f0");
    assert.equal(Buffer.from(from.element()).toString("hex"), "030204f0");
    assert.equal(reader("030100").bitString(), 0);
    for (const hex of ["030208ff", "030101", "030204f8", "030201ff"])
      refused("bit-string-unused-bits", hex, (each) => each.bitString());
    refused("truncated", "0300", (each) => each.bitString());
  });
});

describe("assertStrictDer", () => {
  const strict = (hex: string, ...bounds: [number?, number?]): void =>
    assertStrictDer(Buffer.from(hex, "hex"), ...bounds);
  const refusedWhole = (fault: DerFault, hex: string, ...bounds: [number?, number?]): void =>
    refused(fault, hex, (from) => assertStrictDer(from.bytes, ...bounds));

  it("looks into every element", () => {
    for (const hex of ["3000", "0500", "3011a00930070603551d0f05000a0101020100"]) strict(hex);
    refusedWhole("integer-not-minimal", "3008a00630040202007f");
    refusedWhole("boolean-not-der", "3003010101");
    refusedWhole("null-not-empty", "3003050100");
    refusedWhole("oid-invalid", "3003060180");
    refusedWhole("bit-string-unused-bits", "3003030101");
    refusedWhole("indefinite-length", "30800000");
  });

  it("refuses bytes after the document and elements that reach beyond theirs", () => {
    refusedWhole("trailing-bytes", "300000");
    refusedWhole("truncated", "30030402aa");
    refusedWhole("truncated", "");
  });

  it("refuses forms that DER does not have: constructed strings, primitive SEQUENCE, end-of-contents (X.690 10.2)", () => {
    for (const hex of ["24040402aabb", "2c020c00", "2303030100", "1000", "1100", "30020000", "2100"])
      refusedWhole("wrong-form", hex);
    strict("a0020500");
    strict("8000");
  });

  it("bounds depth and number of elements", () => {
    strict("30023000", 2, 2);
    refusedWhole("too-many-elements", "30023000", 1);
    refusedWhole("too-deep", "30023000", 4096, 1);
    refusedWhole("too-many-elements", `30831e8480${"0500".repeat(1_000_000)}`);
  });
});
