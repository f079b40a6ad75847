import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { DerError, DerReader } from "../../src/asn1/reader.js";
import { contextPrimitive, TAG } from "../../src/asn1/tags.js";
import { generalizedTime, generalizedTimeText, MAX_TIME, readTime, time } from "../../src/asn1/time.js";
import { TimeEncoder, timeLength } from "../../src/asn1/time-encoder.js";
import { encode, primitive } from "../../src/asn1/writer.js";

const seconds = (iso: string): number => Date.parse(iso) / 1000;
const encodedText = (tag: number, text: string): Uint8Array =>
  encode(primitive(tag, Buffer.from(text, "latin1")));
const read = (tag: number, text: string): number => readTime(new DerReader(encodedText(tag, text)));

describe("writing (standards B6, G4, G5)", () => {
  it("UTCTime through 2049, GeneralizedTime from 2050, always Z, seconds present", () => {
    for (const [iso, tag, text] of [
      ["1970-01-01T00:00:00Z", TAG.UTC_TIME, "700101000000Z"],
      ["2000-02-29T23:59:59Z", TAG.UTC_TIME, "000229235959Z"],
      ["2049-12-31T23:59:59Z", TAG.UTC_TIME, "491231235959Z"],
      ["2050-01-01T00:00:00Z", TAG.GENERALIZED_TIME, "20500101000000Z"],
      ["9999-12-31T23:59:59Z", TAG.GENERALIZED_TIME, "99991231235959Z"],
    ] as const)
      assert.deepEqual(encode(time(seconds(iso))), encodedText(tag, text));
    assert.deepEqual(encode(generalizedTime(0)), encodedText(TAG.GENERALIZED_TIME, "19700101000000Z"));
  });

  it("refuses what is not a whole second from 1970 to 9999", () => {
    for (const bad of [-1, 0.5, MAX_TIME + 1, Number.NaN, Number.POSITIVE_INFINITY])
      assert.throws(() => generalizedTimeText(bad), RangeError);
  });
});

describe("reading", () => {
  it("UTCTime: two digits from 50 on are of the 20th century (RFC 5280 4.1.2.5.1)", () => {
    assert.equal(read(TAG.UTC_TIME, "500101000000Z"), seconds("1950-01-01T00:00:00Z"));
    assert.equal(read(TAG.UTC_TIME, "991231235959Z"), seconds("1999-12-31T23:59:59Z"));
    assert.equal(read(TAG.UTC_TIME, "491231235959Z"), seconds("2049-12-31T23:59:59Z"));
  });

  it("GeneralizedTime of any year of four digits, leap days by the calendar", () => {
    assert.equal(read(TAG.GENERALIZED_TIME, "20240229120000Z"), seconds("2024-02-29T12:00:00Z"));
    assert.equal(read(TAG.GENERALIZED_TIME, "19000228000000Z"), seconds("1900-02-28T00:00:00Z"));
    assert.equal(read(TAG.GENERALIZED_TIME, "00010101000000Z"), seconds("0001-01-01T00:00:00Z"));
    for (const day of ["0101", "0228", "0229", "0301", "1231"])
      assert.equal(
        read(TAG.GENERALIZED_TIME, `0000${day}000000Z`),
        seconds(`0000-${day.slice(0, 2)}-${day.slice(2)}T00:00:00Z`),
      );
  });

  it("refuses other forms and days that do not exist", () => {
    for (const [tag, text] of [
      [TAG.UTC_TIME, "2401010000Z"], // no seconds
      [TAG.UTC_TIME, "240101000000"], // no Z
      [TAG.UTC_TIME, "2401010000000"], // a digit for the Z
      [TAG.GENERALIZED_TIME, "20240101000000z"],
      [TAG.UTC_TIME, "2:0101000000Z"], // the octet after 9
      [TAG.UTC_TIME, "240101000000+0000"],
      [TAG.UTC_TIME, "20240101000000Z"],
      [TAG.GENERALIZED_TIME, "240101000000Z"],
      [TAG.GENERALIZED_TIME, "20240101000000.5Z"],
      [TAG.GENERALIZED_TIME, "20240101000000+0900"],
      [TAG.GENERALIZED_TIME, "20240230000000Z"],
      [TAG.GENERALIZED_TIME, "19000229000000Z"],
      [TAG.GENERALIZED_TIME, "20241301000000Z"],
      [TAG.GENERALIZED_TIME, "20240001000000Z"],
      [TAG.GENERALIZED_TIME, "20240100000000Z"],
      [TAG.GENERALIZED_TIME, "20240101240000Z"],
      [TAG.GENERALIZED_TIME, "20240101006000Z"],
      [TAG.GENERALIZED_TIME, "20240101000060Z"],
      [TAG.GENERALIZED_TIME, "2024010100 000Z"],
      [TAG.GENERALIZED_TIME, "+2240101000000Z"],
      [TAG.IA5_STRING, "240101000000Z"],
      [contextPrimitive(0), "20240101000000Z"],
      [TAG.UTC_TIME, ""],
    ] as const)
      assert.throws(
        () => read(tag, text),
        (error) => error instanceof DerError && error.fault === "time-invalid",
        text,
      );
  });
});

describe("any time", () => {
  const anyTime = fc.integer({ min: 0, max: MAX_TIME });

  it("reads back as written", () => {
    fc.assert(
      fc.property(anyTime, (at) => {
        assert.equal(readTime(new DerReader(encode(time(at)))), at);
        assert.equal(readTime(new DerReader(encode(generalizedTime(at)))), at);
      }),
    );
  });

  it("has the same bytes from the encoder without allocation, in any order of days", () => {
    const encoder = new TimeEncoder();
    const out = new Uint8Array(17);
    fc.assert(
      fc.property(anyTime, fc.integer({ min: 0, max: 200_000 }), (at, step) => {
        for (const each of [at, Math.min(at + step, MAX_TIME)]) {
          assert.deepEqual(out.subarray(0, encoder.writeTime(out, 0, each)), encode(time(each)));
          assert.equal(timeLength(each), encode(time(each)).length);
          assert.deepEqual(
            out.subarray(0, encoder.writeGeneralizedTime(out, 0, each)),
            encode(generalizedTime(each)),
          );
        }
      }),
    );
  });
});
