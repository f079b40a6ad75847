import assert from "node:assert/strict";
import { it } from "node:test";
import { OID, oid } from "../../src/asn1/oid.js";
import { TAG } from "../../src/asn1/tags.js";
import { generalizedTime, MAX_TIME, time } from "../../src/asn1/time.js";
import { type Der, encode, integer, octetString, sequence, unsignedInteger } from "../../src/asn1/writer.js";
import { EntryEncoder, entryLength, MAX_ENTRY_LENGTH, type RevokedEntry } from "../../src/crl/entry.js";
import { entry } from "../support/crl.js";

/** The same entry by the general writer. */
function reference(each: RevokedEntry): Buffer {
  const extensions: Der[] = [];
  const add = (dotted: string, value: Der) =>
    extensions.push(sequence(oid(dotted), octetString(encode(value))));
  if (each.reasonCode !== 0) add(OID.reasonCode, integer(each.reasonCode, TAG.ENUMERATED));
  if (each.invalidityDate !== 0) add(OID.invalidityDate, generalizedTime(each.invalidityDate));
  const present = extensions.length === 0 ? undefined : sequence(...extensions);
  return Buffer.from(encode(sequence(unsignedInteger(each.bytes), time(each.revocationDate), present)));
}

const YEAR_2050 = Date.UTC(2050, 0, 1) / 1000;

it("equals the general writer for every shape (G4, G5, G11)", () => {
  const encoder = new EntryEncoder();
  const out = Buffer.alloc(MAX_ENTRY_LENGTH);
  const times = [0, 951_782_399, 951_782_400, 1_700_000_059, YEAR_2050 - 1, YEAR_2050, MAX_TIME];
  for (const serial of ["01", "7f", "80", "ff00", "ff".repeat(20), `01${"00".repeat(19)}`])
    for (const revocationDate of times)
      for (const reasonCode of [0, 1, 6, 10])
        for (const invalidityDate of times) {
          const each = entry(serial, { revocationDate, reasonCode, invalidityDate });
          const end = encoder.write(out, 0, each);
          assert.equal(end, entryLength(each));
          assert.equal(out.toString("hex", 0, end), reference(each).toString("hex"));
        }
});

it("refuses serials that are not minimal magnitudes of 1 to 20 octets, and times and reasons that do not exist", () => {
  const out = new Uint8Array(MAX_ENTRY_LENGTH);
  for (const serial of ["", "00", "0001", "01".repeat(21)])
    assert.throws(() => entryLength(entry(serial)), RangeError);
  for (const fields of [
    { revocationDate: -1 },
    { revocationDate: 1.5 },
    { revocationDate: MAX_TIME + 1 },
    { reasonCode: 11 },
    { reasonCode: -1 },
  ])
    assert.throws(() => new EntryEncoder().write(out, 0, entry("01", fields)), RangeError);
});
