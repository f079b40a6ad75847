import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, type TestContext, test } from "node:test";
import { issueCertificate } from "../../src/issuer/issue.js";
import { parseOcspRequest } from "../../src/ocsp/request.js";
import { requestorRefusal } from "../../src/responder/requestor.js";
import { Trust } from "../../src/responder/trust.js";
import type { Certificate } from "../../src/x509/certificate.js";
import { encodePem } from "../../src/x509/pem.js";
import { makeRequest } from "../support/certification-request.js";
import { enrol, type Installation, makeInstallation, revoke, silent } from "../support/installation.js";
import { ocspRequest, statusIn } from "../support/ocsp-client.js";
import { openssl, writeInto } from "../support/openssl.js";
import { TEST_PROFILES, TestCa, TestSigner } from "../support/test-ca.js";
import { TestResponder } from "../support/test-responder.js";

/** Who may ask: requests signed by openssl, under `ocsp.requestors` (standards A8, A9, P13). */

const UNSIGNED = { sigRequired: "30030a0105", unauthorized: "30030a0106", malformedRequest: "30030a0101" };
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

interface Requestor {
  readonly key: TestSigner;
  readonly certificate: Certificate;
}

class Scene {
  private constructor(
    readonly installation: Installation,
    readonly responder: TestResponder,
    readonly requestor: Requestor,
    readonly good: Certificate,
  ) {}

  static async make(t: TestContext, line = 'requestors = ["root"]'): Promise<Scene> {
    const installation = await makeInstallation((text) =>
      text.replace(/(\[issuers\.root\.ocsp\]\n)/, `$1${line}\n`),
    );
    t.after(() => installation.close());
    await enrol(installation);
    const { context, root } = installation;
    const key = new TestSigner();
    const { certificate } = await issueCertificate(
      context,
      root,
      await makeRequest("asks.example", key),
      "tls-server",
    );
    const good = await installation.issue();
    return new Scene(installation, new TestResponder(installation), { key, certificate }, good);
  }

  /** A request about `good` as openssl signs it. */
  signed({ key, certificate } = this.requestor, ...options: readonly string[]): Buffer {
    const { dir, root } = this.installation;
    const file = (name: string, text: string | Buffer): string => writeInto(dir, name, text);
    const out = file("request.der", "");
    openssl([
      "ocsp",
      ...["-issuer", file("root.pem", encodePem(root.certificate.der, "CERTIFICATE"))],
      ...["-cert", file("good.pem", encodePem(this.good.der, "CERTIFICATE"))],
      ...["-signer", file("requestor.pem", encodePem(certificate.der, "CERTIFICATE"))],
      ...["-signkey", file("requestor.key", key.privateKey.export({ format: "pem", type: "pkcs8" }))],
      ...["-no_nonce", "-reqout", out, ...options],
    ]);
    return readFileSync(out);
  }

  /** How a request is answered: its error bytes, or the status. */
  async ask(request: Uint8Array): Promise<string> {
    const { body } = await this.responder.post(request);
    return body.length === 5 ? hex(body) : statusIn(body, this.good.serialNumber);
  }
}

describe("requestors", () => {
  test("a holder of a certificate of theirs is answered, an unsigned request is not", async (t) => {
    const scene = await Scene.make(t);
    assert.equal(await scene.ask(scene.signed()), "good");
    const unsigned = ocspRequest(scene.installation.root.certificate, [scene.good.serialNumber]);
    assert.equal(await scene.ask(unsigned), UNSIGNED.sigRequired);
    await revoke(scene.installation, scene.good.serialNumber);
    assert.equal(await scene.ask(scene.signed()), "revoked");
    assert.equal(scene.responder.cache.size, 0, "what is for some is kept for nobody");
  });

  test("a revoked requestor, a stranger, or nobody to be found", async (t) => {
    const scene = await Scene.make(t);
    const stranger = new TestSigner();
    const foreign = new TestCa().issue(stranger.subjectPublicKeyInfo, TEST_PROFILES.tlsServer);
    assert.equal(
      await scene.ask(scene.signed({ key: stranger, certificate: foreign })),
      UNSIGNED.unauthorized,
    );
    assert.equal(await scene.ask(scene.signed(scene.requestor, "-no_certs")), UNSIGNED.unauthorized);
    const request = scene.signed();
    await revoke(scene.installation, scene.requestor.certificate.serialNumber);
    assert.equal(await scene.ask(request), UNSIGNED.unauthorized);
  });

  test("any bit of what is signed, or of the signature, changed: never answered", async (t) => {
    const scene = await Scene.make(t);
    const request = scene.signed();
    for (let at = 4; at < request.length; at++) {
      const changed = Buffer.from(request);
      changed[at] = (changed[at] as number) ^ 1;
      assert.ok(Object.values(UNSIGNED).includes(await scene.ask(changed)), `octet ${at}`);
    }
  });

  test("not before and not after the requestor's validity", async (t) => {
    const scene = await Scene.make(t);
    const { installation, requestor } = scene;
    const { reader } = installation.context.status;
    const trust = new Trust(reader, installation.config, undefined, silent);
    trust.refresh();
    const policy = trust.issuerNamed("root")?.policy;
    assert.ok(policy);
    const parsed = parseOcspRequest(scene.signed());
    const { notBefore, notAfter } = requestor.certificate;
    const at = (now: number) => requestorRefusal(policy, parsed, trust, reader, now);
    assert.deepEqual(
      [at(notBefore - 1), at(notBefore), at(notAfter - 1), at(notAfter)],
      ["unauthorized", undefined, undefined, "unauthorized"],
    );
  });

  test("without the option a signature is ignored, a wrong one too (A8)", async (t) => {
    const scene = await Scene.make(t, "");
    const request = scene.signed();
    assert.equal(await scene.ask(request), "good");
    request[request.length - 1] = (request[request.length - 1] as number) ^ 1;
    assert.equal(await scene.ask(request), "good");
  });
});

describe("CAs that are not served (B12, P10)", () => {
  const stranger = new TestCa().certificate;
  const serial = Buffer.from("1234", "hex");

  test("unauthorized, or unknown signed by the delegate of responder.unknown_issuer", async (t) => {
    const plain = await Scene.make(t, "");
    assert.equal(
      hex((await plain.responder.post(ocspRequest(stranger, [serial]))).body),
      UNSIGNED.unauthorized,
    );
    const installation = await makeInstallation((text) =>
      text.replace("[responder]\n", '[responder]\nunknown_issuer = "root"\n'),
    );
    t.after(() => installation.close());
    await enrol(installation);
    const responder = new TestResponder(installation);
    const { serialNumber } = await installation.issue();
    const answered = async (request: Buffer, about: Uint8Array) =>
      statusIn((await responder.post(request)).body, about);
    // The serial of a good certificate of ours is unknown under another CA.
    assert.equal(await answered(ocspRequest(stranger, [serialNumber]), serialNumber), "unknown");
    assert.equal(
      await answered(ocspRequest(installation.root.certificate, [serialNumber]), serialNumber),
      "good",
    );
    assert.equal(responder.cache.size, 1, "answers about other CAs are not kept");
  });
});

test("responder.max_cert_ids bounds a request (A10)", async (t) => {
  const installation = await makeInstallation((text) =>
    text.replace("[responder]\n", "[responder]\nmax_cert_ids = 2\n"),
  );
  t.after(() => installation.close());
  await enrol(installation);
  const { serialNumber } = await installation.issue();
  const responder = new TestResponder(installation);
  const ask = async (count: number) => {
    const serials = Array.from({ length: count }, () => serialNumber);
    return (await responder.post(ocspRequest(installation.root.certificate, serials))).body;
  };
  assert.equal(statusIn(await ask(2), serialNumber), "good");
  assert.equal(hex(await ask(3)), UNSIGNED.malformedRequest);
});
