import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { CRL_REASON, REVOKE_REASONS } from "../../src/crl/reason.js";
import { changeStatus, type StatusChange, type StatusOutcome } from "../../src/issuer/change-status.js";
import { importRows } from "../../src/issuer/import-rows.js";
import { RowPacker } from "../../src/store/imported-rows.js";
import type { CertState, StatusRow } from "../../src/store/layout.js";
import { randomSerial } from "../../src/x509/serial.js";
import { type Installation, makeInstallation } from "../support/installation.js";
import { serialOf } from "../support/store.js";

/** Revocation is final, a hold is not (standards G16, J13); what is refused or so already appends nothing. */

const T0 = 1_800_000_000;
const T1 = T0 + 100;
const T2 = T0 + 200;
const DATE = T0 - 5_000;
const { keyCompromise, superseded } = CRL_REASON;

const syntheticRow = {
  state: "good",
  notAfter: T2 + 1,
  reason: 0,
  revocationTime: 0,
  invalidityDate: 0,
} as const;

describe("changeStatus", () => {
  let installation: Installation;
  before(async () => {
    installation = await makeInstallation();
  });
  after(() => installation.close());

  const change = (wanted: StatusChange[], now: number) =>
    changeStatus(installation.context.status, installation.root.issuer, wanted, now);
  const head = () => installation.context.status.reader.head().position;
  const rowOf = (serial: Uint8Array) =>
    installation.context.status.reader.row(installation.root.issuer, serial) as StatusRow;
  const revoke = (serial: Uint8Array, reason: number = superseded, invalidityDate = 0): StatusChange => ({
    act: "revoke",
    serial,
    reason,
    invalidityDate,
  });

  /** A certificate brought to a state at T0; a revoked one is superseded, with DATE. */
  async function serialIn(state: CertState): Promise<Uint8Array> {
    const { serialNumber } = await installation.issue();
    if (state === "held") await change([{ act: "hold", serial: serialNumber }], T0);
    if (state === "revoked") await change([revoke(serialNumber, superseded, DATE)], T0);
    return serialNumber;
  }

  type Expected = "unchanged" | "STATE_CONFLICT" | "DATE_INVALID" | Partial<StatusRow>;
  const revoked = (reason: number, revocationTime: number, invalidityDate: number): Partial<StatusRow> => ({
    state: "revoked",
    reason,
    revocationTime,
    invalidityDate,
  });
  const held = { state: "held", reason: 6, revocationTime: T1, invalidityDate: 0 } as const;
  const good = { state: "good", reason: 0, revocationTime: 0, invalidityDate: 0 } as const;
  const hold = (serial: Uint8Array): StatusChange => ({ act: "hold", serial });
  const release = (serial: Uint8Array): StatusChange => ({ act: "release", serial });

  const MATRIX: [CertState, string, (serial: Uint8Array) => StatusChange, Expected][] = [
    ["good", "hold", hold, held],
    ["good", "release", release, "STATE_CONFLICT"],
    ["good", "revoke with a past date", (s) => revoke(s, superseded, DATE), revoked(superseded, T1, DATE)],
    ["good", "revoke with a date of now", (s) => revoke(s, superseded, T1), revoked(superseded, T1, T1)],
    ["good", "revoke with a future date", (s) => revoke(s, superseded, T1 + 1), "DATE_INVALID"],
    ["held", "hold", hold, "unchanged"],
    ["held", "release", release, good],
    ["held", "revoke: the date of the hold stays", (s) => revoke(s), revoked(superseded, T0, 0)],
    ["held", "revoke with a date", (s) => revoke(s, keyCompromise, DATE), revoked(keyCompromise, T0, DATE)],
    ["held", "revoke with a future date", (s) => revoke(s, superseded, T1 + 1), "DATE_INVALID"],
    ["revoked", "hold", hold, "STATE_CONFLICT"],
    ["revoked", "release", release, "STATE_CONFLICT"],
    ["revoked", "revoke again", (s) => revoke(s), "unchanged"],
    ["revoked", "revoke again with the same date", (s) => revoke(s, superseded, DATE), "unchanged"],
    ["revoked", "revoke again with another date", (s) => revoke(s, superseded, DATE + 1), "STATE_CONFLICT"],
    ["revoked", "revoke for another reason", (s) => revoke(s, 5), "STATE_CONFLICT"],
    [
      "revoked",
      "revoke for keyCompromise",
      (s) => revoke(s, keyCompromise),
      revoked(keyCompromise, T0, DATE),
    ],
    [
      "revoked",
      "revoke for keyCompromise with another date",
      (s) => revoke(s, keyCompromise, DATE - 1),
      revoked(keyCompromise, T0, DATE - 1),
    ],
    ["revoked", "revoke for keyCompromise with a future date", (s) => revoke(s, 1, T1 + 1), "DATE_INVALID"],
  ];

  for (const [state, name, wanted, expected] of MATRIX)
    test(`${state}: ${name}`, async () => {
      const serial = await serialIn(state);
      const before = { row: rowOf(serial), head: head() };
      const [outcome] = (await change([wanted(serial)], T1)) as [StatusOutcome];
      if (typeof expected === "object") {
        const after = { ...before.row, ...expected, position: before.head + 1 };
        assert.deepEqual(outcome, { serial, row: after });
        assert.deepEqual(rowOf(serial), after);
        assert.equal(head(), before.head + 1, "one journal record");
        return;
      }
      if (expected === "unchanged") assert.deepEqual(outcome, { serial, row: before.row });
      else {
        assert.ok("error" in outcome);
        assert.equal(outcome.error.code, expected);
        assert.deepEqual(outcome.present, before.row);
      }
      assert.deepEqual(rowOf(serial), before.row);
      assert.equal(head(), before.head, "nothing is appended");
    });

  for (const name of REVOKE_REASONS)
    test(`good: revoke for ${name}, and the same again`, async () => {
      const serial = await serialIn("good");
      const reason = CRL_REASON[name];
      const first = await change([revoke(serial, reason)], T1);
      assert.deepEqual(rowOf(serial), { ...rowOf(serial), ...revoked(reason, T1, 0) });
      const position = head();
      assert.deepEqual(await change([revoke(serial, reason)], T2), first);
      assert.equal(head(), position);
    });

  test("keyCompromise is not corrected to anything else", async () => {
    const serial = await serialIn("good");
    await change([revoke(serial, keyCompromise)], T0);
    const [outcome] = (await change([revoke(serial, superseded)], T1)) as [StatusOutcome];
    assert.ok("error" in outcome && outcome.error.code === "STATE_CONFLICT");
    assert.equal(rowOf(serial).reason, keyCompromise);
  });

  test("a hold may follow a release", async () => {
    const serial = await serialIn("held");
    await change([release(serial)], T1);
    await change([hold(serial)], T2);
    assert.deepEqual(rowOf(serial), { ...rowOf(serial), ...held, revocationTime: T2 });
  });

  test("many changes are one record; those that are refused are left out of it and reported in place", async () => {
    const serials = [await serialIn("good"), await serialIn("revoked"), await serialIn("good")] as const;
    const unknown = randomSerial();
    const before = head();
    const wanted = [revoke(serials[0]), revoke(unknown), revoke(serials[1], 5), hold(serials[2])];
    const outcomes = await change(wanted, T1);
    assert.equal(head(), before + 1);
    const codes = outcomes.map((outcome) =>
      "error" in outcome ? outcome.error.code : [outcome.row.state, outcome.row.position],
    );
    assert.deepEqual(codes, [
      ["revoked", before + 1],
      "SERIAL_UNKNOWN",
      "STATE_CONFLICT",
      ["held", before + 1],
    ]);
    const body = installation.context.status.reader.record(before + 1)?.body;
    assert.equal(body?.kind === "changes" && body.changes.length, 2);
    assert.deepEqual(
      outcomes.map((outcome) => "error" in outcome && outcome.present?.state),
      [false, undefined, "revoked", false],
    );
  });

  test("a serial that stands twice in one request is changed once", async () => {
    const serial = await serialIn("good");
    const outcomes = await change([hold(serial), revoke(serial)], T1);
    assert.equal(rowOf(serial).state, "held");
    const second = outcomes[1] as StatusOutcome;
    assert.ok("error" in second && second.error.code === "STATE_CONFLICT");
  });

  test("two requests at once are decided one after the other", async () => {
    const serial = await serialIn("good");
    const before = head();
    const results = await Promise.all([change([revoke(serial, 4)], T1), change([revoke(serial, 5)], T1)]);
    const refused = results.flat().filter((outcome) => "error" in outcome);
    assert.equal(refused.length, 1);
    assert.equal(head(), before + 1);
  });

  test("many are several records, so that others find a place between; a serial stands once in all of them", async () => {
    const { context, root } = installation;
    const count = 150;
    const rows = new RowPacker();
    for (let number = 1; number <= count; number++) rows.add(serialOf(number), syntheticRow);
    await importRows(context.status, { issuer: root.issuer, origin: "synthetic", shard: 0 }, rows);
    const wanted = Array.from({ length: count }, (_, i) => revoke(serialOf(i + 1)));
    const before = head();
    const outcomes = await change([...wanted, revoke(serialOf(1))], T1);
    assert.equal(head() - before, 3);
    assert.deepEqual(
      outcomes.slice(0, count).map((outcome) => ("row" in outcome ? outcome.row.position - before : 0)),
      wanted.map((_, i) => 1 + Math.floor(i / 64)),
    );
    const last = outcomes.at(-1);
    assert.ok(last !== undefined && "error" in last && last.error.code === "STATE_CONFLICT");
  });
});
