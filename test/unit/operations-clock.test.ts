import assert from "node:assert/strict";
import { test } from "node:test";
import { execute } from "../../src/issuer/operations.js";
import { serialText } from "../../src/x509/serial.js";
import { makeRequest } from "../support/certification-request.js";
import { makeInstallation } from "../support/installation.js";
import { issuerContext } from "../support/issuer-context.js";

test("a clock that jumped signs nothing, but revokes (invariant 11)", async (t) => {
  const installation = await makeInstallation();
  t.after(() => installation.close());
  const { context } = installation;
  const { serialNumber } = await installation.issue();
  const time = { wall: Date.now() + 60_000, boot: 1_000 };
  const issuer = issuerContext(installation, { nowMs: () => time.wall }, { nowMs: () => time.boot });
  const role: { role: "administrator"; approvals: [] } = { role: "administrator", approvals: [] };

  time.wall -= 30_000;
  const position = context.status.reader.head().position;
  const csr = await makeRequest("localhost");
  const signing = [
    { op: "cert.issue", issuer: "root", csr, profile: "tls-server", ...role },
    { op: "crl.issue", issuer: "root", delta: false, ...role },
    { op: "responder.enrol", fingerprint: "00".repeat(32), ...role },
    { op: "ca.create", issuer: "root", ...role },
  ] as const;
  for (const request of signing)
    await assert.rejects(execute(issuer, request), {
      code: "CLOCK_UNTRUSTED",
      message: /jumped by -30\.0 s/,
    });
  assert.equal(context.status.reader.head().position, position, "nothing was stored");

  const changes = [{ serial: serialText(serialNumber), reason: "keyCompromise" as const }];
  await execute(issuer, { op: "cert.revoke", issuer: "root", changes, ...role });
  assert.equal(context.status.reader.row(1, serialNumber)?.state, "revoked");
});
