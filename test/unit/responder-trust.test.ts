import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { ProfileConfig } from "../../src/core/config.js";
import { issuerKey } from "../../src/ocsp/request.js";
import { Trust } from "../../src/responder/trust.js";
import { issuerIdentities } from "../../src/x509/issuer-identity.js";
import { issueDelegate, storeDelegate } from "../support/delegates.js";
import { enrol, type Installation, makeInstallation, silent, TestClock } from "../support/installation.js";
import { TestSigner } from "../support/test-ca.js";

/** Which delegate key signs (standards A4, C1 to C4, C12). */

describe("Trust", () => {
  const clock = new TestClock();
  let installation: Installation;
  before(async () => {
    installation = await makeInstallation(undefined, clock);
  });
  after(() => installation.close());

  function trust(): Trust {
    const { context, config, keyStore } = installation;
    const made = new Trust(context.status.reader, config, keyStore, silent);
    made.refresh();
    return made;
  }
  const responderOf = (made: Trust) => [...made.issuers()][0]?.responders[0];

  test("without a delegate the issuer is served, but by no key", () => {
    const made = trust();
    assert.equal([...made.issuers()].length, 1);
    assert.equal(responderOf(made), undefined);
  });

  test("an issuer answers to its four identities, name and key together (A4)", () => {
    const made = trust();
    const identities = issuerIdentities(installation.root.certificate);
    const other = issuerIdentities({
      ...installation.root.certificate,
      subjectPublicKeyBits: new Uint8Array(65),
    });
    identities.forEach(({ hash, issuerNameHash, issuerKeyHash }, i) => {
      assert.equal(made.issuer(issuerKey(hash, issuerNameHash, issuerKeyHash))?.id, "root");
      const key = issuerKey(hash, issuerNameHash, other[i]?.issuerKeyHash as Uint8Array);
      assert.equal(made.issuer(key), undefined);
    });
    assert.equal(made.issuer(undefined), undefined);
  });

  test("a delegate is taken up without a restart; nothing is read while nothing changed", async () => {
    const { context, config, keyStore } = installation;
    let opened = 0;
    const counting = (token: string) => {
      opened++;
      return keyStore(token);
    };
    const made = new Trust(context.status.reader, config, counting, silent);
    made.refresh();
    await enrol(installation);
    assert.equal(opened, 0, "no token is asked before a key is needed");
    made.refresh();
    assert.ok(responderOf(made)?.usableAt(clock.seconds));
    assert.equal(opened, 1);
    made.refresh();
    assert.ok(responderOf(made)?.usableAt(clock.seconds));
    assert.equal(opened, 1);
  });

  test("of several the newest whose key we hold signs", async () => {
    const held = installation.keyStore("ocsp").generate("ocsp-root", "p256");
    clock.advance(10);
    await issueDelegate(installation, held.subjectPublicKeyInfo);
    clock.advance(10);
    await issueDelegate(installation, new TestSigner().subjectPublicKeyInfo);
    const responder = responderOf(trust());
    assert.deepEqual(responder?.signer.subjectPublicKeyInfo, held.subjectPublicKeyInfo);
  });

  test("certificates that may not sign OCSP are passed over", async () => {
    const before = responderOf(trust());
    const { profiles } = installation.config;
    const ocsp = profiles["ocsp-responder"] as ProfileConfig;
    const held = () => installation.keyStore("ocsp").generate("other", "p256").subjectPublicKeyInfo;
    clock.advance(10);
    await storeDelegate(installation, held(), { ...ocsp, kind: "end-entity" });
    await storeDelegate(installation, held(), { ...ocsp, extendedKeyUsage: ["ocspSigning", "clientAuth"] });
    await storeDelegate(installation, held(), profiles["tls-server"] as ProfileConfig);
    const other = await makeInstallation();
    const foreign = await issueDelegate(other, held());
    await other.close();
    await installation.context.status.transact(({ append }) =>
      append({ kind: "delegate", issuer: 1, serial: foreign.serialNumber, certificate: foreign.der }),
    );
    assert.deepEqual(responderOf(trust())?.template, before?.template);
  });

  test("a delegate is usable from notBefore until just before notAfter", async () => {
    const held = installation.keyStore("ocsp").generate("ocsp-root", "p256");
    clock.advance(10);
    const { notBefore, notAfter } = await issueDelegate(installation, held.subjectPublicKeyInfo);
    const responder = responderOf(trust());
    const usable = [notBefore - 1, notBefore, notAfter - 1, notAfter].map((now) => responder?.usableAt(now));
    assert.deepEqual(usable, [false, true, true, false]);
  });
});
