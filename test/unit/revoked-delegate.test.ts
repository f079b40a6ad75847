import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { systemClock } from "../../src/core/clock.js";
import { changeStatus } from "../../src/issuer/change-status.js";
import { enrolResponder, fingerprint } from "../../src/issuer/enrol.js";
import { Enrolment } from "../../src/responder/enrolment.js";
import { Trust } from "../../src/responder/trust.js";
import { parseCertificate } from "../../src/x509/certificate.js";
import { enrol, makeInstallation, silent } from "../support/installation.js";

test("a revoked OCSP key stops signing, is never certified again, and a new key asks for an operator", async (t) => {
  const installation = await makeInstallation();
  t.after(() => installation.close());
  const { context, config, keyStore, root } = installation;
  const { reader } = context.status;
  await enrol(installation);
  const trust = new Trust(reader, config, keyStore, silent);
  trust.refresh();
  const usable = (): boolean => {
    trust.refresh();
    return [...trust.issuers()].some(({ responders }) => responders.length > 0);
  };
  assert.equal(usable(), true);

  const [stored] = reader.delegates();
  const delegate = parseCertificate(stored?.certificate as Uint8Array);
  const serial = delegate.serialNumber;
  const now = Math.floor(Date.now() / 1000);
  await changeStatus(
    context.status,
    root.issuer,
    [{ act: "revoke", serial, reason: 1, invalidityDate: 0 }],
    now,
  );
  assert.equal(usable(), false, "taken up at the next batch, without a restart");

  await new Enrolment(reader, config, keyStore, systemClock, silent).check();
  assert.equal(keyStore("ocsp").list("ocsp-root").length, 2, "a new key was generated");
  const waiting = readdirSync(join(installation.dir, "enrol"));
  assert.equal(waiting.length, 1, "the new key's request");
  const old = fingerprint(delegate.subjectPublicKeyInfo);
  await assert.rejects(enrolResponder(context, silent, old, "root"), { code: "ENROL_UNKNOWN" });
});
