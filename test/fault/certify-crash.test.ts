import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, describe, test } from "node:test";
import { type CertifyContext, completePending } from "../../src/issuer/certify.js";
import { type Enrolled, enrolResponder, fingerprint } from "../../src/issuer/enrol.js";
import { issueCertificate } from "../../src/issuer/issue.js";
import { Enrolment } from "../../src/responder/enrolment.js";
import type { CaStore } from "../../src/store/ca-store.js";
import type { StatusWriter } from "../../src/store/status-writer.js";
import { makeRequest } from "../support/certification-request.js";
import { type Installation, makeInstallation, silent } from "../support/installation.js";

/** Durable, then acknowledged, then released (invariant 3): a process that dies between two steps loses and repeats nothing. */

class Died extends Error {}
const die = () => Promise.reject(new Died());

/** The stores of a process that dies at a step. */
const dyingAt = {
  "before the certificate is on disk": ({ status, ca }: CertifyContext) => ({
    status,
    ca: without(ca, "put"),
  }),
  "before the status row is on disk": ({ status, ca }: CertifyContext) => ({
    status: without(status, "transact"),
    ca,
  }),
  "before it is settled": ({ status, ca }: CertifyContext) => ({ status, ca: without(ca, "settle") }),
};

/** The same object whose method dies instead of doing its work. */
function without<T extends CaStore | StatusWriter>(target: T, method: keyof T): T {
  return new Proxy(target, {
    get: (_, name) => {
      if (name === method) return die;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

describe("certify, interrupted", () => {
  let installation: Installation;
  before(async () => {
    installation = await makeInstallation();
  });
  after(() => installation.close());

  /** Bodies of the journal records behind `position`. */
  function recordsAfter(position: number) {
    const { reader } = installation.context.status;
    const count = reader.head().position - position;
    return Array.from({ length: count }, (_, i) => reader.record(position + 1 + i)?.body);
  }

  const BODIES = {
    "before the certificate is on disk": 0,
    "before the status row is on disk": 1,
    "before it is settled": 1,
  };

  for (const [step, dying] of Object.entries(dyingAt))
    test(`a certificate, ${step}`, async () => {
      const { context, root } = installation;
      const { position } = context.status.reader.head();
      const csr = await makeRequest("crash.example");
      await assert.rejects(
        issueCertificate({ ...context, ...dying(context) }, root, csr, "tls-server"),
        Died,
      );

      const pending = context.ca.pending();
      assert.equal(await completePending(context), pending.length);
      assert.equal(await completePending(context), 0, "and never twice");
      assert.deepEqual(context.ca.pending(), []);

      const bodies = recordsAfter(position);
      assert.equal(bodies.length, BODIES[step as keyof typeof BODIES]);
      for (const { issuer, serial, certificate } of pending) {
        const row = context.status.reader.row(issuer, serial);
        assert.deepEqual([row?.state, row?.position], ["good", position + 1]);
        const [body] = bodies;
        assert.ok(body?.kind === "changes" && body.changes[0]?.op === "issue");
        assert.deepEqual(
          Buffer.from(body.changes[0].certificateHash),
          createHash("sha256").update(certificate).digest(),
        );
      }
      // Whoever asked was told of a failure and asks again.
      await issueCertificate(context, root, csr, "tls-server");
    });

  test("a delegate without its status row: completed with its delegate record, in one transaction", async () => {
    const { context, config, keyStore } = installation;
    await new Enrolment(context.status.reader, config, keyStore, context.clock, silent).check();
    const [identifier] = keyStore("ocsp").list("ocsp-root");
    const key = keyStore("ocsp").findSigner(identifier as Uint8Array)?.subjectPublicKeyInfo as Uint8Array;
    const dying = { ...context, ...dyingAt["before the status row is on disk"](context) };
    const enrolled: Promise<Enrolled> = enrolResponder(dying, silent, fingerprint(key), "root");
    await assert.rejects(enrolled, Died);
    assert.deepEqual(context.status.reader.delegates(), []);

    const { position } = context.status.reader.head();
    const [pending] = context.ca.pending();
    await completePending(context);
    assert.deepEqual(
      recordsAfter(position).map((body) => body?.kind),
      ["changes", "delegate"],
    );
    const [delegate] = context.status.reader.delegates();
    assert.deepEqual(
      Buffer.from(delegate?.certificate as Uint8Array),
      Buffer.from(pending?.certificate as Uint8Array),
    );
    assert.equal(context.status.reader.trustGeneration(), position + 2, "responders look again");
  });
});
