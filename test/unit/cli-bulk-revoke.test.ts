import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import type { Change, ControlRequest, Outcome, Unchanged } from "../../src/control/messages.js";
import { SekishoError } from "../../src/core/errors.js";
import { fakeIssuer } from "../support/cli.js";

/** An issuer that holds states as the real one does: a final revocation is not undone. */
function revocations() {
  const done = new Map<string, string>();
  const answer = (request: ControlRequest): Outcome<"cert.revoke"> => {
    assert.ok(request.op === "cert.revoke");
    return { result: { changes: request.changes.map((change) => revoke(done, change)) } };
  };
  return { done, answer };
}

function revoke(done: Map<string, string>, { serial, reason }: Change) {
  if (serial === "dead") return conflict(serial, "SERIAL_UNKNOWN");
  const before = done.get(serial) as Change["reason"] | undefined;
  if (before !== undefined)
    return { ...conflict(serial, "STATE_CONFLICT"), present: { state: "revoked" as const, reason: before } };
  done.set(serial, reason);
  const revocationTime = "2026-01-02T03:04:05Z";
  return { serial, state: "revoked" as const, reason, revocationTime, journal: done.size, acknowledged: 1 };
}

const conflict = (serial: string, code: Unchanged["error"]["code"]): Unchanged => ({
  serial,
  error: { code, message: "no" },
});

const serials = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => (0x10000 + i).toString(16));

test("a list goes in requests of at most 4096 changes over one connection; comments and dates are read", async (t) => {
  const { done, answer } = revocations();
  const issuer = await fakeIssuer(t, answer);
  const list = serials(5_000).map((serial) => `0x${serial} , superseded`);
  const head = ["# leavers of 2025", "", "aa:bb,keyCompromise,2025-12-31  # stolen"];
  writeFileSync(join(issuer.dir, "list"), [...head, ...list].join("\r\n"));
  const run = await issuer.run("cert", "revoke", "--file", "list");
  assert.deepEqual(run, {
    code: 0,
    stdout: "5001 revoked, 0 revoked before, 0 failed, of 5001\n",
    stderr: "",
  });
  assert.equal(done.size, 5_001);
  const sizes = issuer.requests.map((request) => request.op === "cert.revoke" && request.changes.length);
  assert.deepEqual(sizes, [4_096, 905]);
  const [first] = issuer.requests;
  assert.deepEqual(first?.op === "cert.revoke" && first.changes[0], {
    serial: "aabb",
    reason: "keyCompromise",
    invalidityDate: "2025-12-31T00:00:00Z",
  });
});

test("a list given again: what an earlier run did counts as done, another reason does not", async (t) => {
  const { done, answer } = revocations();
  const issuer = await fakeIssuer(t, answer);
  done.set("aa", "superseded").set("bb", "keyCompromise");
  writeFileSync(join(issuer.dir, "list"), "aa,superseded\nbb,superseded\ncc,superseded\n");
  const run = await issuer.run("cert", "revoke", "--file", "list");
  assert.deepEqual(run, {
    code: 1,
    stdout: "failed bb  STATE_CONFLICT: no\n1 revoked, 1 revoked before, 1 failed, of 3\n",
    stderr: "error STATE_CONFLICT: 1 of 3 changes failed\n",
  });
});

test("a failed line does not keep the others; --json lists every line's fate in one document", async (t) => {
  const { answer } = revocations();
  const issuer = await fakeIssuer(t, answer);
  writeFileSync(join(issuer.dir, "list"), "aa,superseded\ndead,superseded\nbb,superseded\n");
  const run = await issuer.run("cert", "revoke", "--file", "list", "--json");
  assert.equal(run.code, 1);
  assert.equal(run.stderr, "error SERIAL_UNKNOWN: 1 of 3 changes failed\n");
  const { total, revoked, already, failed, filed } = JSON.parse(run.stdout);
  assert.deepEqual({ total, already, filed }, { total: 3, already: [], filed: [] });
  assert.deepEqual(
    revoked.map(({ serial }: { serial: string }) => serial),
    ["aa", "bb"],
  );
  assert.deepEqual(failed, [conflict("dead", "SERIAL_UNKNOWN")]);
});

test("the whole list is checked before anything is sent", async (t) => {
  const issuer = await fakeIssuer(t, () => assert.fail("nothing was to be sent"));
  const good = serials(5_000).map((serial) => `${serial},superseded\n`);
  writeFileSync(join(issuer.dir, "list"), `${good.join("")}xyz,superseded\n`);
  const { code, stdout, stderr } = await issuer.run("cert", "revoke", "--file", "list");
  assert.deepEqual({ code, stdout }, { code: 2, stdout: "" });
  assert.match(stderr, /^error SERIAL_INVALID: list:5001: /);
  assert.equal(issuer.requests.length, 0);
});

test("an issuer that fails midway: the summary tells what was done before", async (t) => {
  const { answer } = revocations();
  let requests = 0;
  const issuer = await fakeIssuer(t, (request) => {
    if (++requests === 2) throw new SekishoError("STORE_FAILED", "disk full");
    return answer(request);
  });
  writeFileSync(
    join(issuer.dir, "list"),
    serials(5_000)
      .map((serial) => `${serial},superseded\n`)
      .join(""),
  );
  const run = await issuer.run("cert", "revoke", "--file", "list");
  assert.deepEqual(run, {
    code: 1,
    stdout: "4096 revoked, 0 revoked before, 0 failed, of 5000\n",
    stderr: "error STORE_FAILED: disk full\n",
  });
});

test("a list that is filed: exit 3", async (t) => {
  const issuer = await fakeIssuer(t, () => ({ filed: { request: "R-1" } }));
  writeFileSync(join(issuer.dir, "list"), "aa,superseded\n");
  const run = await issuer.run("cert", "revoke", "--file", "list");
  assert.equal(run.code, 3);
  assert.match(run.stdout, /^request R-1\n/);
});
