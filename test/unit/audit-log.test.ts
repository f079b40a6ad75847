import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { appendFileSync, chmodSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import fc from "fast-check";
import { AuditLog } from "../../src/audit/audit-log.js";
import { type AuditFields, encodeRecord } from "../../src/audit/record.js";
import { verifyAuditLog } from "../../src/audit/verify.js";
import { isSekishoError } from "../../src/core/errors.js";
import { tempDir } from "../support/temp-dir.js";

const clock = { nowMs: () => Date.UTC(2026, 0, 2, 3, 4, 5, 678) };

const place = (t: TestContext) => {
  const dir = join(tempDir(t), "audit");
  return { dir, file: join(dir, "audit.log") };
};

/** A closed log of `count` records. */
async function filled(t: TestContext, count: number): Promise<{ dir: string; file: string }> {
  const where = place(t);
  const log = await AuditLog.open(where.dir, clock);
  for (let i = 0; i < count; i++) await log.append("control.request", { operator: "alice", number: i });
  await log.close();
  return where;
}

const broken = (message: RegExp) => (error: unknown) =>
  isSekishoError(error, "AUDIT_BROKEN") && message.test(error.message);

const lines = (file: string): string[] => readFileSync(file, "utf8").split("\n").slice(0, -1);
const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

test("records are numbered, dated and chained by the hash of the line before (M1, M5)", async (t) => {
  const { dir, file } = await filled(t, 3);
  const [first, second, third] = lines(file) as [string, string, string];
  assert.deepEqual(JSON.parse(first), {
    seq: 1,
    time: "2026-01-02T03:04:05.678Z",
    kind: "control.request",
    operator: "alice",
    number: 0,
    previous: "0".repeat(64),
  });
  assert.equal(JSON.parse(second).previous, sha256(first));
  assert.equal(JSON.parse(third).previous, sha256(second));
  assert.deepEqual(await verifyAuditLog(file), { records: 3, head: sha256(third), tornOctets: 0 });
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(statSync(dir).mode & 0o777, 0o700);
});

test("a record is in the file when append resolves, and an opened log goes on with the chain", async (t) => {
  const { dir, file } = await filled(t, 2);
  const log = await AuditLog.open(dir, clock);
  await log.append("service.start");
  assert.equal(lines(file).length, 3);
  assert.equal(log.head.seq, 3);
  assert.equal((await verifyAuditLog(file)).head, log.head.hash);
  await log.close();
});

test("concurrent appends keep their order and one chain", async (t) => {
  const { dir, file } = place(t);
  const log = await AuditLog.open(dir, clock);
  await Promise.all(Array.from({ length: 500 }, (_, number) => log.append("status.changed", { number })));
  await log.close();
  assert.deepEqual(
    lines(file).map((line) => JSON.parse(line).number),
    Array.from({ length: 500 }, (_, number) => number),
  );
  assert.equal((await verifyAuditLog(file)).records, 500);
});

test("a torn last line is cut off and the cut recorded, at every length of the tear", async (t) => {
  const { dir, file } = await filled(t, 2);
  const whole = readFileSync(file);
  const next = encodeRecord({ seq: 3, time: "", kind: "service.stop", previous: "0".repeat(64) }, {});
  for (let length = 1; length <= next.length; length += 7) {
    const torn = next.subarray(0, length);
    writeFileSync(file, Buffer.concat([whole, torn]));
    assert.equal((await verifyAuditLog(file)).tornOctets, length);
    const log = await AuditLog.open(dir, clock);
    await log.close();
    const cut = JSON.parse(lines(file)[2] as string);
    assert.equal(cut.kind, "audit.cut");
    assert.equal(cut.octets, length);
    assert.equal(cut.sha256, sha256(torn.toString()));
    assert.equal((await verifyAuditLog(file)).records, 3);
  }
});

test("a first line that is torn leaves an empty chain", async (t) => {
  const { dir, file } = await filled(t, 0);
  writeFileSync(file, '{"seq":1');
  await (await AuditLog.open(dir, clock)).close();
  assert.equal((await verifyAuditLog(file)).records, 1);
});

test("tampering is named by the first bad record", async (t) => {
  const { file } = await filled(t, 5);
  const good = lines(file);
  const swap = [0, 2, 1, 3, 4].map((i) => good[i] as string);
  const cases: [string[], RegExp][] = [
    [good.map((line, i) => (i === 2 ? line.replace("alice", "malice") : line)), /record 4 does not chain/],
    [good.toSpliced(2, 1), /record 3 has number 4/],
    [good.toSpliced(0, 1), /record 1 has number 2/],
    [swap, /record 2 has number 3/],
    [good.toSpliced(3, 0, ""), /record 4 is not a record/],
    [good.toSpliced(1, 1, "[]"), /record 2 is not a record/],
  ];
  for (const [tampered, message] of cases) {
    writeFileSync(file, `${tampered.join("\n")}\n`);
    await assert.rejects(verifyAuditLog(file), broken(message));
  }
});

test("a log whose last line is no record is not opened and not changed", async (t) => {
  const { dir, file } = await filled(t, 1);
  for (const bad of ["nonsense\n", "\n", "{}\n", '{"seq":2,"previous":"00"}\n']) {
    const before = Buffer.concat([readFileSync(file)]);
    appendFileSync(file, bad);
    await assert.rejects(AuditLog.open(dir, clock), broken(/last line/));
    assert.equal(readFileSync(file, "utf8"), `${before}${bad}`);
    writeFileSync(file, before);
  }
});

test("foreign text stays inside its line and field, without invisible characters (P30)", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), fc.string(), (text, other) => {
      const line = encodeRecord(
        { seq: 1, time: "", kind: "control.refused", previous: "" },
        { text: `${text}\n\u2028\u202e\x9b`, other },
      ).toString("utf8");
      assert.doesNotMatch(line, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      assert.equal(JSON.parse(line).text, `${text}\n\u2028\u202e\x9b`);
    }),
  );
});

test("over-long text is cut with a marker, octets are archived whole (P30)", () => {
  const request = Buffer.alloc(100_000, 7);
  const fields: AuditFields = { text: "x".repeat(5_000), request };
  const record = JSON.parse(
    encodeRecord({ seq: 1, time: "", kind: "control.request", previous: "" }, fields).toString(),
  );
  assert.equal(record.text, `${"x".repeat(4_096)}[cut 904 characters]`);
  assert.deepEqual(Buffer.from(record.request, "base64"), request);
});

test("a directory that others may enter is refused", async (t) => {
  const { dir } = await filled(t, 1);
  chmodSync(dir, 0o750);
  await assert.rejects(AuditLog.open(dir, clock), (error) => isSekishoError(error, "FILE_ACCESS"));
});

test("after a failed write no record is taken", async (t) => {
  const { dir } = place(t);
  const log = await AuditLog.open(dir, clock);
  await log.close();
  await assert.rejects(log.append("service.stop"));
  await assert.rejects(log.append("service.stop"));
});

test("a missing log is FILE_ACCESS", async (t) => {
  await assert.rejects(verifyAuditLog(join(tempDir(t), "none")), (error) =>
    isSekishoError(error, "FILE_ACCESS"),
  );
});
