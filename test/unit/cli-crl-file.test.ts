import assert from "node:assert/strict";
import { statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { sekishoCutShort, sekishoIn } from "../support/cli.js";
import { OpensslCa } from "../support/openssl-ca.js";
import { crlExtensions, revoked, signedCrl, partitionOf as urlPartition } from "../support/signed-crl.js";
import { tempDir } from "../support/temp-dir.js";
import { TestCa } from "../support/test-ca.js";

const REVOKED = "R\t350101000000Z\t250101000000Z,keyCompromise\t4FA2\tunknown\t/CN=one";

test("crl verify and crl show read a CRL of openssl without an issuer or a configuration", async (t) => {
  const ca = new OpensslCa("p256");
  const other = new OpensslCa("p256");
  t.after(() => ca.remove());
  t.after(() => other.remove());
  const run = (...args: string[]) => sekishoIn(ca.directory, "crl", ...args);

  ca.generateCrl([REVOKED], "20250102000000Z", "20990101000000Z", "07");
  const good = await run("verify", "crl.der", "--ca", "ca.pem", "--json");
  assert.equal(good.code, 0, good.stderr);
  const { number, entries, reasons, thisUpdate, currency } = JSON.parse(good.stdout);
  assert.deepEqual(
    { number, entries, reasons, thisUpdate, currency },
    {
      number: "7",
      entries: 1,
      reasons: { keyCompromise: 1 },
      thisUpdate: "2025-01-02T00:00:00Z",
      currency: "current",
    },
  );
  const foreign = await run("verify", "crl.der", "--ca", other.path("ca.pem"));
  assert.equal(foreign.code, 1);
  assert.match(foreign.stderr, /^error CRL_INVALID: /);

  ca.generateCrl([REVOKED], "20250102000000Z", "20250103000000Z", "08");
  const stale = await run("verify", "crl.der", "--ca", "ca.pem");
  assert.equal(stale.code, 1);
  assert.match(stale.stderr, /^error CRL_INVALID: .*out of date since 2025-01-03T00:00:00Z\n$/);
  const shown = await run("show", "crl.der");
  assert.equal(shown.code, 0, shown.stderr);
  assert.match(shown.stdout, /^reasons {6}keyCompromise 1$/m);

  writeFileSync(ca.path("junk"), "junk");
  const junk = await run("verify", "junk", "--ca", "ca.pem");
  assert.equal(junk.code, 1);
  assert.match(junk.stderr, /^error CRL_INVALID: /);
});

const DATES = ["20250102000000Z", "20990101000000Z"] as const;
const HELD = "R\t350101000000Z\t250101000000Z,certificateHold\t4FA3\tunknown\t/CN=two";
const RELEASED = HELD.replace("certificateHold", "removeFromCRL");
const DELTA = "2.5.29.27 = critical,DER:02:01:07";
const SHARD = "http://pki.example/crl/root/1.crl";
const OTHER = "http://pki.example/crl/root/2.crl";
const partitionOf = (url: string) => [
  "issuingDistributionPoint = critical,@idp",
  "[idp]",
  `fullname = URI:${url}`,
];

/** A CA with CRL files, and `sekisho crl` in its directory. */
function caWithFiles(
  t: TestContext,
  files: Record<string, readonly [string, readonly string[], ...string[]]>,
) {
  const ca = new OpensslCa("p256");
  t.after(() => ca.remove());
  for (const [name, [number, index, ...extensions]] of Object.entries(files))
    writeFileSync(ca.path(name), ca.generateCrl(index, ...DATES, number, extensions));
  return { ca, run: (...args: string[]) => sekishoIn(ca.directory, "crl", ...args) };
}

test("crl verify puts a delta CRL on its complete one, in text and JSON (H4, H5)", async (t) => {
  const { run } = caWithFiles(t, {
    "base.crl": ["07", [REVOKED, HELD]],
    "delta.crl": ["09", [RELEASED], DELTA],
    "old.crl": ["06", [REVOKED]],
  });
  const text = await run("verify", "delta.crl", "base.crl", "--ca", "ca.pem");
  assert.equal(text.code, 0, text.stderr);
  assert.match(text.stdout, /^delta since {2}7$/m);
  assert.match(text.stdout, /^delta\.crl on base\.crl: 1 entries; 0 added, 0 changed, 1 removed$/m);
  const fromPem = await run("diff", "crl.pem", "old.crl"); // crl.pem: what openssl wrote last, old.crl
  assert.match(fromPem.stdout, /^0 added, 0 removed, 0 changed, 1 unchanged$/m, fromPem.stderr);
  const json = JSON.parse((await run("verify", "base.crl", "delta.crl", "--ca", "ca.pem", "--json")).stdout);
  assert.deepEqual(json.combined, [
    { complete: "base.crl", delta: "delta.crl", added: 0, changed: 0, removed: 1, entries: 1 },
  ]);
  assert.deepEqual(
    json.crls.map(({ file, number, base, currency }: Record<string, unknown>) => [
      file,
      number,
      base,
      currency,
    ]),
    [
      ["base.crl", "7", undefined, "current"],
      ["delta.crl", "9", "7", "current"],
    ],
  );
  const early = await run("verify", "old.crl", "delta.crl", "--ca", "ca.pem");
  assert.deepEqual([early.code, early.stdout], [1, ""]);
  assert.match(
    early.stderr,
    /^error CRL_INVALID: delta\.crl: .*builds on number 7, the complete one is older: 6\n$/,
  );
});

test("crl verify holds partitions to their URLs and refuses a rollback (K9, P28)", async (t) => {
  const { run } = caWithFiles(t, {
    "1.crl": ["07", [REVOKED], ...partitionOf(SHARD)],
    "2.crl": ["08", [HELD], ...partitionOf(OTHER)],
  });
  const ca = ["--ca", "ca.pem"];
  const good = await run(
    "verify",
    "1.crl",
    "2.crl",
    ...ca,
    "--url",
    SHARD,
    "--url",
    OTHER,
    "--last-number",
    "0x7",
  );
  assert.equal(good.code, 0, good.stderr);
  assert.match(good.stdout, /^partition {4}http:\/\/pki\.example\/crl\/root\/2\.crl$/m);
  const swapped = await run("verify", "1.crl", "2.crl", ...ca, "--url", OTHER, "--url", SHARD);
  assert.equal(swapped.code, 1);
  assert.match(swapped.stderr, /^error CRL_INVALID: 1\.crl: it is the list of .*1\.crl, not of .*2\.crl\n$/);
  const rollback = await run("verify", "1.crl", ...ca, "--last-number", "8");
  assert.match(
    rollback.stderr,
    /^error CRL_INVALID: 1\.crl: rollback: its number is 7, 8 was seen already\n$/,
  );
  for (const wrong of [
    ["--url", SHARD],
    ["--last-number", "eight"],
    ["--last-number", "-1"],
  ]) {
    const { code, stdout } = await run("verify", "1.crl", "2.crl", ...ca, ...wrong);
    assert.deepEqual([code, stdout], [2, ""], wrong.join(" "));
  }
});

test("crl diff shows what was added, removed and changed", async (t) => {
  const { run, ca } = caWithFiles(t, {
    "old.crl": ["07", [REVOKED, HELD, REVOKED.replace("4FA2", "01")]],
    "new.crl": [
      "08",
      [REVOKED, HELD.replace("certificateHold", "superseded"), REVOKED.replace("4FA2", "02")],
    ],
  });
  const { code, stdout, stderr } = await run("diff", "old.crl", "new.crl");
  assert.equal(code, 0, stderr);
  assert.deepEqual(stdout.split("\n"), [
    "old  old.crl: number 7, 2025-01-02T00:00:00Z",
    "new  new.crl: number 8, 2025-01-02T00:00:00Z",
    "- 01 2025-01-01T00:00:00Z keyCompromise",
    "+ 02 2025-01-01T00:00:00Z keyCompromise",
    "~ 4fa3 2025-01-01T00:00:00Z certificateHold -> 2025-01-01T00:00:00Z superseded",
    "1 added, 1 removed, 1 changed, 1 unchanged",
    "",
  ]);
  const json = JSON.parse((await run("diff", "old.crl", "new.crl", "--json")).stdout);
  assert.deepEqual([json.old.number, json.new.number, json.added, json.removed], ["7", "8", 1, 1]);
  assert.deepEqual(json.differences[2], {
    serial: "4fa3",
    before: { revocationDate: "2025-01-01T00:00:00Z", reason: "certificateHold" },
    after: { revocationDate: "2025-01-01T00:00:00Z", reason: "superseded" },
  });
  const same = JSON.parse((await run("diff", "old.crl", "old.crl", "--json")).stdout);
  assert.deepEqual([same.differences, same.unchanged], [[], 3]);

  writeFileSync(ca.path("delta.crl"), ca.generateCrl([], ...DATES, "09", [DELTA]));
  assert.match((await run("diff", "old.crl", "delta.crl")).stderr, /^error CRL_INVALID: one is a delta CRL/);
  assert.match(
    (await run("diff", "old.crl", "ca.pem")).stderr,
    /^error PEM_INVALID: ca\.pem: does not begin with/,
  );
  assert.equal((await run("diff", "old.crl")).code, 2);
});

test("crl diff of lists over 1 MB, in and out of order", async (t) => {
  const ca = new TestCa("p256");
  const dir = tempDir(t);
  const numbers = Array.from({ length: 40_000 }, (_, i) => i + 1);
  const write = (name: string, serials: readonly number[]) =>
    writeFileSync(
      join(dir, name),
      signedCrl(ca, { entries: revoked(...serials.map((n) => [n, 4] as const)) }),
    );
  write("old.crl", numbers);
  write(
    "new.crl",
    numbers.filter((n) => n % 4 !== 0),
  );
  write("backwards.crl", numbers.toReversed());
  assert.ok(statSync(join(dir, "old.crl")).size > 1 << 20);
  const { stdout } = await sekishoIn(dir, "crl", "diff", "old.crl", "new.crl");
  const lines = stdout.split("\n");
  assert.equal(lines.filter((line) => line.startsWith("- ")).length, 10_000);
  assert.equal(lines.at(-2), "0 added, 10000 removed, 0 changed, 30000 unchanged");
  const cutShort = await sekishoCutShort(dir, "crl", "diff", "old.crl", "new.crl");
  assert.deepEqual([cutShort.code, cutShort.stderr], [0, ""]);
  assert.notEqual(cutShort.stdout.length, 0);
  const backwards = await sekishoIn(dir, "crl", "diff", "old.crl", "backwards.crl", "--json");
  assert.deepEqual(JSON.parse(backwards.stdout).unchanged, 40_000, backwards.stderr);
});

test("what a foreign CRL says cannot steer the terminal", async (t) => {
  const ca = new TestCa("p256", "evil\u001b[2J\u202e\nname");
  const dir = tempDir(t);
  const url = "http://a/\u001b[31m\n";
  writeFileSync(
    join(dir, "evil.crl"),
    signedCrl(ca, { extensions: crlExtensions(ca, 7, urlPartition(url)) }),
  );
  writeFileSync(join(dir, "ca.der"), ca.certificate.der);
  const commands = [
    ["show", "evil.crl"],
    ["verify", "evil.crl", "--ca", "ca.der", "--url", "http://b/"],
    ["diff", "evil.crl", "evil.crl"],
    ["diff", "evil.crl", "evil.crl", "--json"],
  ];
  for (const command of commands) {
    const { stdout, stderr } = await sekishoIn(dir, "crl", ...command);
    assert.match(stdout + stderr, /evil/);
    assert.doesNotMatch(stdout + stderr, /[^\P{Cc}\n]|\p{Cf}/u, command.join(" "));
  }
});

test("crl --help names the commands, crl verify and crl diff explain themselves", async (t) => {
  const dir = tempDir(t);
  const help = async (...command: string[]) => (await sekishoIn(dir, "crl", ...command, "--help")).stdout;
  assert.match(await help(), /verify .*[\s\S]*diff /);
  assert.match(await help("verify"), /--last-number[\s\S]*Exit codes:[\s\S]*refused if that one is too old/);
  assert.match(await help("diff"), /Exit codes:[\s\S]*constant memory/);
});
