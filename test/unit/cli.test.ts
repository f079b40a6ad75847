import assert from "node:assert/strict";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { AuditLog } from "../../src/audit/audit-log.js";
import type { Changed } from "../../src/control/messages.js";
import { systemClock } from "../../src/core/clock.js";
import { SekishoError } from "../../src/core/errors.js";
import { encodePem } from "../../src/x509/pem.js";
import { fakeIssuer, sekishoIn } from "../support/cli.js";
import { STATUS, testOperator } from "../support/control.js";
import { tempDir } from "../support/temp-dir.js";

const ACTING = { role: "administrator", approvals: [] };

const REVOKED: Changed = {
  serial: "4fa2",
  state: "revoked",
  reason: "keyCompromise",
  revocationTime: "2026-01-02T03:04:05Z",
  journal: 12,
  acknowledged: 1_767_323_045_678,
};

/** The demonstration's issuer under another id. */
const RENAMED = ["", ".subject", ".crl", ".ocsp"].map(
  (table) => [`[issuers.root${table}]`, `[issuers.other${table}]`] as const,
);

/** A second issuer beside `root`, with the tables that it needs. */
const SECOND_ISSUER = `[tokens.ca2]
provider = "software"
dir = "tokens/ca2"
pin_file = "pin"

[issuers.second]
subject = { common_name = "Second" }
profile = "root"
token = "ca2"
activation = "standing"
crl = { period = "1d", validity = "7d" }
ocsp = { token = "ocsp", profile = "ocsp", validity = "4d", max_age = "1h" }
`;

const noAnswer = (): never => assert.fail("no request was to be sent");

test("cert revoke: the serial as people write it, --json as the contract says, exit 0", async (t) => {
  const issuer = await fakeIssuer(t, () => ({ result: { changes: [REVOKED] } }));
  for (const spelling of ["4fa2", "0x004FA2"]) {
    const run = await issuer.run("cert", "revoke", spelling, "--reason", "keyCompromise", "--json");
    assert.deepEqual({ ...run, stdout: JSON.parse(run.stdout) }, { code: 0, stdout: REVOKED, stderr: "" });
  }
  const change = { serial: "4fa2", reason: "keyCompromise" };
  const expected = { op: "cert.revoke", issuer: "root", changes: [change], ...ACTING };
  assert.deepEqual(issuer.requests, [expected, expected]);
});

test("cert revoke: the invalidity date is sent as a time, for people the result is aligned", async (t) => {
  const issuer = await fakeIssuer(t, () => ({ result: { changes: [REVOKED] } }));
  const args = ["cert", "revoke", "4fa2", "--reason", "keyCompromise", "--config", issuer.config];
  const run = await issuer.run(...args, "--invalidity-date", "2025-12-31");
  assert.equal(run.code, 0, run.stderr);
  assert.match(run.stdout, /^serial {3}4fa2\nstate {4}revoked\nreason {3}keyCompromise\n/);
  const [request] = issuer.requests;
  assert.ok(request?.op === "cert.revoke");
  assert.equal(request.changes[0]?.invalidityDate, "2025-12-31T00:00:00Z");
});

test("usage errors: exit 2, one line, nothing sent", async (t) => {
  const { run } = await fakeIssuer(t, noAnswer);
  const cases: [string[], RegExp][] = [
    [[], /^error USAGE: name a command/],
    [["frob"], /^error USAGE: unknown command 'frob'/],
    [["cert", "revoke", "4fa2", "--frob"], /^error USAGE: unknown option '--frob'/],
    [["cert", "hold"], /^error USAGE: missing required argument/],
    [["cert", "issue", "--csr", "x"], /^error USAGE: required option/],
    [["cert", "revoke"], /^error USAGE: name a SERIAL/],
    [["cert", "revoke", "4fa2"], /^error USAGE: name the reason/],
    [["cert", "revoke", "4fa2", "--reason", "x", "--file", "y"], /^error USAGE: --file/],
    [["cert", "revoke", "0xyz", "--reason", "superseded"], /^error SERIAL_INVALID: /],
    [["cert", "revoke", "1", "--reason", "removeFromCRL"], /^error REASON_INVALID: /],
    [["cert", "revoke", "1", "--reason", "superseded", "--invalidity-date", "soon"], /^error DATE_INVALID/],
    [["responder", "enrol", "abc"], /^error USAGE: expected a SHA-256 fingerprint/],
    [["status", "--operator", "bob"], /^error OPERATOR_UNKNOWN: /],
    [["status", "--config", "none.toml"], /^error CONFIG_MISSING: /],
  ];
  for (const [args, line] of cases) {
    const { code, stdout, stderr } = await run(...args);
    assert.deepEqual({ code, stdout }, { code: 2, stdout: "" }, args.join(" "));
    assert.match(stderr, line);
    assert.match(stderr, /^[^\n]*\n$/);
  }
});

test("an error of the issuer: exit 1 with its code; control characters do not reach the terminal", async (t) => {
  const issuer = await fakeIssuer(t, () => {
    throw new SekishoError("SERIAL_UNKNOWN", "no\x1b[31m such\nerror INTERNAL: forged");
  });
  const { code, stderr } = await issuer.run("cert", "show", "4fa2");
  assert.equal(code, 1);
  assert.equal(stderr, "error SERIAL_UNKNOWN: no [31m such error INTERNAL: forged\n");
});

test("one change that is refused: exit 1 with its code", async (t) => {
  const error = { code: "STATE_CONFLICT" as const, message: "revoked already" };
  const issuer = await fakeIssuer(t, () => ({ result: { changes: [{ serial: "4fa2", error }] } }));
  const run = await issuer.run("cert", "revoke", "4fa2", "--reason", "superseded", "--json");
  assert.deepEqual(run, { code: 1, stdout: "", stderr: "error STATE_CONFLICT: revoked already\n" });
});

test("a filed request: exit 3 and its number", async (t) => {
  const issuer = await fakeIssuer(t, () => ({ filed: { request: "R-17" } }));
  assert.deepEqual(await issuer.run("cert", "hold", "4fa2"), {
    code: 3,
    stdout: "request R-17\n",
    stderr: "",
  });
  const json = await issuer.run("cert", "revoke", "4fa2", "--reason", "superseded", "--json");
  assert.deepEqual(
    { ...json, stdout: JSON.parse(json.stdout) },
    { code: 3, stdout: { request: "R-17" }, stderr: "" },
  );
});

test("no issuer: CONTROL_UNREACHABLE, exit 1", async (t) => {
  const issuer = await fakeIssuer(t, noAnswer);
  await issuer.control.server.stop();
  const { code, stderr } = await issuer.run("status");
  assert.equal(code, 1);
  assert.match(stderr, /^error CONTROL_UNREACHABLE: .*ENOENT\n$/);
});

test("a key that the issuer does not know is refused", async (t) => {
  const issuer = await fakeIssuer(t, noAnswer);
  const pem = testOperator().privateKey.export({ type: "pkcs8", format: "pem" });
  writeFileSync(join(issuer.dir, "alice.pem"), pem);
  const { code, stderr } = await issuer.run("status");
  assert.equal(code, 1);
  assert.match(stderr, /^error CONTROL_REFUSED: /);
});

test("an operator key that others may read is not used, and never shown", async (t) => {
  const issuer = await fakeIssuer(t, noAnswer);
  const key = join(issuer.dir, "alice.pem");
  chmodSync(key, 0o640);
  const wide = await issuer.run("status");
  assert.equal(wide.code, 1);
  assert.match(wide.stderr, /^error FILE_ACCESS: .*mode 600\n$/);
  chmodSync(key, 0o600);
  writeFileSync(key, "-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n");
  const broken = await issuer.run("status");
  assert.equal(broken.code, 2);
  assert.match(broken.stderr, /^error OPERATOR_UNKNOWN: [^\n]*PKCS#8 PEM\n$/);
});

test("the issuer is the only one of the configuration, or the one that is named", async (t) => {
  const issuer = await fakeIssuer(t, () => ({ result: REVOKED }), { replace: RENAMED });
  const unknown = await issuer.run("cert", "hold", "4fa2", "--issuer", "root");
  assert.match(unknown.stderr, /^error ISSUER_UNKNOWN: /);
  assert.equal((await issuer.run("cert", "hold", "4fa2")).code, 0);
  assert.deepEqual(issuer.requests, [{ op: "cert.hold", issuer: "other", serial: "4fa2", ...ACTING }]);
});

test("of several issuers one must be named", async (t) => {
  const replace = [["[journal]", `${SECOND_ISSUER}\n[journal]`]] as const;
  const issuer = await fakeIssuer(t, () => ({ result: REVOKED }), { replace });
  const { code, stderr } = await issuer.run("cert", "hold", "4fa2");
  assert.deepEqual(
    { code, stderr },
    { code: 2, stderr: "error USAGE: name one with --issuer: second, root\n" },
  );
  assert.equal((await issuer.run("cert", "hold", "4fa2", "--issuer", "second")).code, 0);
});

test("cert issue: the certificate appears whole or not at all", async (t) => {
  const der = Buffer.from("3003020101", "hex");
  const pem = encodePem(der, "CERTIFICATE");
  const answers = [
    { result: { serial: "4fa2", certificate: pem, journal: 3 } },
    { result: { serial: "4fa2", certificate: `${pem}# more`, journal: 3 } },
  ];
  const issuer = await fakeIssuer(t, () => answers.shift() ?? noAnswer());
  const file = (name: string): string => join(issuer.dir, name);
  writeFileSync(file("a.csr"), der);
  const issue = (out: string) =>
    issuer.run("cert", "issue", "--csr", "a.csr", "--profile", "tls", "--out", out);
  const unwritable = await issue("none/a.pem");
  assert.match(unwritable.stderr, /^error FILE_ACCESS: /);
  assert.equal(issuer.requests.length, 0, "nothing is issued that cannot be written");
  const good = await issue("a.pem");
  assert.equal(good.code, 0, good.stderr);
  assert.equal(readFileSync(file("a.pem"), "utf8"), pem);
  const [request] = issuer.requests;
  assert.ok(request?.op === "cert.issue");
  assert.equal(request.csr, encodePem(der, "CERTIFICATE REQUEST"));
  const bad = await issue("b.pem");
  assert.match(bad.stderr, /^error PEM_INVALID: /);
  assert.equal(existsSync(file("b.pem")), false);
});

test("responder enrol: a fingerprint with colons, its options are its own", async (t) => {
  const fingerprint = "ab".repeat(32);
  const issuer = await fakeIssuer(t, () => ({
    result: { issuer: "root", fingerprint, certificate: "", journal: 4 },
  }));
  const colons = "AB:".repeat(32).slice(0, -1);
  const run = await issuer.run("responder", "enrol", colons, "--config", issuer.config, "--json");
  assert.equal(run.code, 0, run.stderr);
  assert.deepEqual(issuer.requests, [{ op: "responder.enrol", fingerprint, ...ACTING }]);
});

test("status is one JSON document with --json", async (t) => {
  const issuer = await fakeIssuer(t, () => ({ result: STATUS }));
  assert.deepEqual(JSON.parse((await issuer.run("status", "--json")).stdout), STATUS);
  assert.match((await issuer.run("status")).stdout, /^installation .*not for production/);
});

test("audit verify works without the issuer and says what it cannot see", async (t) => {
  const dir = tempDir(t);
  const log = await AuditLog.open(join(dir, "audit"), systemClock);
  await log.append("service.start");
  await log.close();
  const good = await sekishoIn(dir, "audit", "verify", "audit/audit.log");
  assert.equal(good.code, 0, good.stderr);
  assert.match(good.stdout, /records {2}1\n/);
  assert.match(good.stdout, /No anchor was compared/);
  writeFileSync(join(dir, "audit", "audit.log"), "tampered\n");
  const bad = await sekishoIn(dir, "audit", "verify", "audit/audit.log");
  assert.equal(bad.code, 1);
  assert.match(bad.stderr, /^error AUDIT_BROKEN: .*record 1 /);
});

test("help of every command shows an example and the exit codes, exit 0", async (t) => {
  const dir = tempDir(t);
  for (const command of [
    "ca create",
    "cert issue",
    "cert revoke",
    "crl issue",
    "status",
    "audit verify",
    "doctor",
  ]) {
    const { code, stdout } = await sekishoIn(dir, ...command.split(" "), "--help");
    assert.equal(code, 0);
    assert.match(stdout, new RegExp(`Example:\n {2}sekisho ${command}`));
    assert.match(stdout, /Exit codes:/);
  }
});

test("doctor names what fails and exits 1; with an issuer it finds nothing that fails", async (t) => {
  const issuer = await fakeIssuer(t, noAnswer);
  const good = await issuer.run("doctor", "--json");
  assert.equal(good.code, 0, good.stdout + good.stderr);
  await issuer.control.server.stop();
  const bad = await issuer.run("doctor");
  assert.equal(bad.code, 1);
  assert.match(bad.stdout, /^fail {2}issuer: /m);
  assert.equal(bad.stderr, "error DOCTOR_FAILED: 1 of 8 checks failed\n");
});
