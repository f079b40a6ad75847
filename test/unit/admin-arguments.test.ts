import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  dateArgument,
  fingerprintArgument,
  reasonArgument,
  serialArgument,
} from "../../src/admin/arguments.js";
import { readRevocationList } from "../../src/admin/revocation-list.js";
import { REVOKE_REASONS as WIRE_REASONS } from "../../src/control/messages.js";
import { type ErrorCode, isSekishoError } from "../../src/core/errors.js";
import { REVOKE_REASONS } from "../../src/crl/reason.js";
import { tempDir } from "../support/temp-dir.js";

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);

const fails =
  (code: ErrorCode, message = /./) =>
  (error: unknown) =>
    isSekishoError(error, code) && message.test(error.message);

test("a serial: hexadecimal in any case, with 0x, colons, leading zeros", () => {
  for (const text of ["4fa2", "0x4FA2", "4F:A2", "00004fa2", "0X4fa2"])
    assert.equal(serialArgument(text), "4fa2");
  assert.equal(serialArgument("f"), "0f");
  for (const text of ["", "0", "xyz", "-1", "4fa2 ,", `1${"00".repeat(20)}`])
    assert.throws(() => serialArgument(text), fails("SERIAL_INVALID"));
});

test("a reason: the final ones of RFC 5280, in its spelling", () => {
  assert.deepEqual([...WIRE_REASONS], REVOKE_REASONS);
  for (const reason of REVOKE_REASONS) assert.equal(reasonArgument(reason), reason);
  assert.throws(() => reasonArgument("certificateHold"), fails("REASON_INVALID", /cert hold/));
  for (const text of ["removeFromCRL", "KeyCompromise", "1", ""])
    assert.throws(() => reasonArgument(text), fails("REASON_INVALID"));
});

test("a date: a day or a second in UTC that exists and has come", () => {
  assert.equal(dateArgument("2025-12-31", NOW), "2025-12-31T00:00:00Z");
  assert.equal(dateArgument("2026-01-02T03:04:05Z", NOW), "2026-01-02T03:04:05Z");
  assert.throws(() => dateArgument("2026-01-02T03:04:06Z", NOW), fails("DATE_INVALID", /future/));
  for (const text of [
    "2025-02-30",
    "2025-13-01",
    "31.12.2025",
    "2025-12-31T24:00:00Z",
    "2025-12-31T00:00:00+09:00",
    "",
  ])
    assert.throws(() => dateArgument(text, NOW), fails("DATE_INVALID"));
});

test("a fingerprint: 64 hexadecimal digits, with or without colons", () => {
  assert.equal(fingerprintArgument("AB:".repeat(32).slice(0, -1)), "ab".repeat(32));
  for (const text of ["ab".repeat(31), "xy".repeat(32)])
    assert.throws(() => fingerprintArgument(text), fails("USAGE"));
});

test("a list: comments, blanks and line ends of any kind; every fault with its line", async (t) => {
  const file = join(tempDir(t), "list");
  writeFileSync(file, "# old keys\r\n\r\naa:bb , keyCompromise,2025-12-31 # stolen\n0xCC,superseded");
  assert.deepEqual(await readRevocationList(file, NOW), [
    { serial: "aabb", reason: "keyCompromise", invalidityDate: "2025-12-31T00:00:00Z" },
    { serial: "cc", reason: "superseded" },
  ]);
  const cases: [string, ErrorCode, RegExp][] = [
    ["aa,superseded\nxyz,superseded\n", "SERIAL_INVALID", /list:2: /],
    ["aa,superseded\n\n#\nbb,Superseded\n", "REASON_INVALID", /list:4: /],
    ["aa,superseded,yesterday\n", "DATE_INVALID", /list:1: /],
    ["aa\n", "USAGE", /list:1: expected serial,reason/],
    ["aa,superseded,2025-01-01,x\n", "USAGE", /list:1: /],
    ["aa,superseded\n0xAA,superseded\n", "USAGE", /list:2: the serial stands on line 1 already/],
    ["# nothing\n", "USAGE", /no line/],
  ];
  for (const [text, code, message] of cases) {
    writeFileSync(file, text);
    await assert.rejects(readRevocationList(file, NOW), fails(code, message), text);
  }
  await assert.rejects(readRevocationList(`${file}x`, NOW), fails("FILE_ACCESS"));
});
