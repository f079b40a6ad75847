import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { isSerialMagnitude, parseSerial, randomSerial, serialText } from "../../src/x509/serial.js";

/** Magnitudes of 1 to 2^159-1. */
const serials = fc.bigInt({ min: 1n, max: 2n ** 159n - 1n }).map((value) => {
  const digits = value.toString(16);
  return Buffer.from(digits.length % 2 === 0 ? digits : `0${digits}`, "hex");
});

test("a serial that is printed reads back the same, however an operator writes it", () => {
  const writings: readonly ((text: string) => string)[] = [
    (text) => text,
    (text) => text.toUpperCase(),
    (text) => `0x${text}`,
    (text) => `0X${text.toUpperCase()}`,
    (text) => `000${text}`,
    (text) => text.replace(/^0/, ""),
    (text) => (text.match(/../g) ?? []).join(":"),
    (text) => ` 00:${(text.match(/../g) ?? []).join(":").toUpperCase()}\n`,
  ];
  fc.assert(
    fc.property(serials, fc.constantFrom(...writings), (serial, write) => {
      assert.deepEqual(Buffer.from(parseSerial(write(serialText(serial)))), serial);
    }),
  );
});

test("no text makes the parser fail in another way than SERIAL_INVALID, and what it reads is a magnitude", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9a-fx: -]{0,50}$/)), (text) => {
      try {
        assert.ok(isSerialMagnitude(parseSerial(text)));
      } catch (error) {
        assert.equal((error as { code?: string }).code, "SERIAL_INVALID");
      }
    }),
  );
});

test("what is no serial from 1 to 2^159-1 is refused (I1)", () => {
  const refused = [
    "",
    "0",
    "0x",
    "00:00",
    "-1",
    "g",
    "1 2",
    "1::2",
    ":12",
    "12:",
    "123:45",
    "12.5",
    "80".padEnd(40, "0"),
  ];
  for (const text of [...refused, "1".repeat(41), "0".repeat(200)])
    assert.throws(() => parseSerial(text), { code: "SERIAL_INVALID" }, text);
  assert.equal(serialText(parseSerial("7f".padEnd(40, "f"))), "7f".padEnd(40, "f"));
});

test("random serials: 16 octets, top bit set, all different (I1)", () => {
  const seen = new Set(
    Array.from({ length: 1000 }, () => {
      const serial = randomSerial();
      assert.equal(serial.length, 16);
      assert.ok((serial[0] as number) >= 0x80);
      return serialText(serial);
    }),
  );
  assert.equal(seen.size, 1000);
});
