import assert from "node:assert/strict";
import { test } from "node:test";
import { Checkpointer } from "../../src/issuer/checkpoint.js";
import { execute } from "../../src/issuer/operations.js";
import { encodePem } from "../../src/x509/pem.js";
import { checkStore } from "../../tools/fsck/check.js";
import { makeRequest } from "../support/certification-request.js";
import { enrol, makeInstallation, revoke } from "../support/installation.js";
import { issuerContext } from "../support/issuer-context.js";
import { ocspRequest, statusIn } from "../support/ocsp-client.js";
import { tryOpenssl, writeInto } from "../support/openssl.js";
import { TestResponder } from "../support/test-responder.js";

const ROLE: { role: "administrator"; approvals: [] } = { role: "administrator", approvals: [] };

test("a compromised CA key: from the acknowledgement on no certificate of it is good (B15, invariant 1)", async (t) => {
  const installation = await makeInstallation();
  t.after(() => installation.close());
  await enrol(installation);
  const { root, context, dir } = installation;
  const issuer = issuerContext(installation);
  const { serialNumber: kept } = await installation.issue();
  const { serialNumber: revoked } = await installation.issue();
  await revoke(installation, revoked);
  const responder = new TestResponder(installation);
  const ask = async (serial: Uint8Array): Promise<Buffer> =>
    (await responder.post(ocspRequest(root.certificate, [serial]))).body;
  assert.equal(statusIn(await ask(kept), kept), "good");
  assert.equal(statusIn(await ask(kept), kept), "good", "from the cache");

  const since = new Date(root.certificate.notBefore * 1000).toISOString().replace(".000", "");
  for (const bad of ["2001-01-01T00:00:00Z", "2999-01-01T00:00:00Z"])
    await assert.rejects(execute(issuer, { op: "ca.compromised", issuer: "root", since: bad, ...ROLE }), {
      code: "DATE_INVALID",
    });
  const told = await execute(issuer, { op: "ca.compromised", issuer: "root", since, ...ROLE });
  assert.deepEqual(told, { issuer: "root", since, journal: context.status.reader.head().position });

  const ca = writeInto(dir, "root.pem", encodePem(root.certificate.der, "CERTIFICATE"));
  const printed = (response: Buffer): string => {
    const file = writeInto(dir, "response.der", response);
    return tryOpenssl([
      "ocsp",
      "-respin",
      file,
      "-CAfile",
      ca,
      "-issuer",
      ca,
      "-resp_text",
    ]).stdout.toString();
  };
  assert.match(
    printed(await ask(kept)),
    /Cert Status: revoked\s+Revocation Time: .*\s+Revocation Reason: cACompromise/,
  );
  assert.match(printed(await ask(revoked)), /Revocation Reason: keyCompromise/, "revoked before: as it was");
  const stranger = Buffer.from("41".repeat(16), "hex");
  assert.equal(statusIn(await ask(stranger), stranger), "unknown");

  const csr = await makeRequest("localhost");
  const issue = { op: "cert.issue", issuer: "root", csr, profile: "tls-server", ...ROLE } as const;
  await assert.rejects(execute(issuer, issue), { code: "ISSUER_COMPROMISED" });
  await assert.rejects(execute(issuer, { op: "ca.compromised", issuer: "root", ...ROLE }), {
    code: "ISSUER_COMPROMISED",
  });
  const { issuers } = (await execute(issuer, { op: "status", ...ROLE })) as {
    issuers: { compromisedSince?: string }[];
  };
  assert.equal(issuers[0]?.compromisedSince, since);
  await new Checkpointer(
    installation.config,
    context.status,
    installation.keyStore("journal"),
    context.clock,
  ).checkpoint();
  const { records } = checkStore(installation.config, { writerRuns: true, progress: () => undefined });
  assert.equal(records, context.status.reader.head().position, "fsck replays it");
});
