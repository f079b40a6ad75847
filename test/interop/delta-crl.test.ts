import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { nowSeconds } from "../../src/core/clock.js";
import { CRL_REASON } from "../../src/crl/reason.js";
import { ALL } from "../../src/crl/scope.js";
import { changeStatus, type StatusChange } from "../../src/issuer/change-status.js";
import { crlPath } from "../../src/issuer/crl-files.js";
import { CrlPublisher } from "../../src/issuer/crl-publisher.js";
import { COMPLETE_CRL } from "../../src/issuer/crl-state.js";
import type { Certificate } from "../../src/x509/certificate.js";
import { encodePem } from "../../src/x509/pem.js";
import { type Installation, makeInstallation, silent } from "../support/installation.js";
import { openssl, tryOpenssl, writeInto } from "../support/openssl.js";

/** Delta CRLs as openssl uses them: -extended_crl -use_deltas (standards H1 to H8). */

const DELTA = { ...COMPLETE_CRL, delta: true };

describe("delta CRLs", () => {
  let installation: Installation;
  let publisher: CrlPublisher;
  let root: string;
  before(async () => {
    installation = await makeInstallation((text) =>
      text.replace('validity = "7d"\n', 'validity = "7d"\ndelta = { period = "1h", validity = "3h" }\n'),
    );
    const { config, context, dir } = installation;
    publisher = new CrlPublisher(config, context.status, context.ca, silent);
    root = writeInto(dir, "root.pem", encodePem(installation.root.certificate.der, "CERTIFICATE"));
  });
  after(() => installation.close());

  const change = (...changes: StatusChange[]) =>
    changeStatus(
      installation.context.status,
      installation.root.issuer,
      changes,
      nowSeconds(installation.context.clock),
    );
  const revoke = ({ serialNumber }: Certificate, reason: number = CRL_REASON.keyCompromise) =>
    change({ act: "revoke", serial: serialNumber, reason, invalidityDate: 0 });
  const hold = ({ serialNumber }: Certificate) => change({ act: "hold", serial: serialNumber });
  const release = ({ serialNumber }: Certificate) => change({ act: "release", serial: serialNumber });

  function pem(delta: boolean): string {
    const file = join(installation.dir, delta ? "delta.pem" : "complete.pem");
    openssl([
      "crl",
      "-inform",
      "DER",
      "-in",
      crlPath(installation.config, "root", { scope: ALL, delta }),
      "-out",
      file,
    ]);
    return file;
  }

  function text(delta: boolean): string {
    const { stdout, stderr } = tryOpenssl(["crl", "-in", pem(delta), "-CAfile", root, "-noout", "-text"]);
    assert.match(stderr, /verify OK/);
    return stdout.toString();
  }

  /** What openssl says of a certificate by the complete CRL and the delta CRL, or by the complete one alone. */
  function verdict({ der }: Certificate, useDeltas = true): string {
    const certificate = writeInto(installation.dir, "leaf.pem", encodePem(der, "CERTIFICATE"));
    const lists = ["-CRLfile", pem(false), ...(useDeltas ? ["-CRLfile", pem(true)] : [])];
    const flags = useDeltas ? ["-extended_crl", "-use_deltas"] : [];
    const { status, stderr } = tryOpenssl([
      "verify",
      "-crl_check",
      ...flags,
      ...lists,
      "-CAfile",
      root,
      certificate,
    ]);
    return status === 0 ? "good" : (/error \d+ at \d depth lookup: (.*)/.exec(stderr)?.[1] ?? stderr);
  }

  test("complete and delta together say what is so now; the complete one alone what was so", async () => {
    const names = ["good", "before", "since", "held", "released", "releasedLater"] as const;
    const issued = await Promise.all(names.map(async (name) => [name, await installation.issue()]));
    const certificates: Record<(typeof names)[number], Certificate> = Object.fromEntries(issued);
    await revoke(certificates.before);
    await hold(certificates.released);
    const [complete] = await publisher.publish(installation.root);
    await revoke(certificates.since, CRL_REASON.superseded);
    await hold(certificates.held);
    await release(certificates.released);
    await hold(certificates.releasedLater);
    await release(certificates.releasedLater);
    const [delta] = await publisher.publish(installation.root, DELTA);
    assert.deepEqual(
      [delta?.base, delta?.number, delta?.entries],
      [complete?.number, (complete?.number ?? 0n) + 1n, 4],
    );
    assert.match(text(false), /X509v3 Freshest CRL: \n[\s\S]*root-delta\.crl/);
    assert.match(text(true), new RegExp(`X509v3 Delta CRL Indicator: critical\n +${complete?.number}\n`));
    assert.doesNotMatch(text(true), /Freshest/);
    assert.match(text(true), /Remove From CRL/);
    const verdicts = Object.fromEntries(names.map((name) => [name, verdict(certificates[name])]));
    assert.deepEqual(verdicts, {
      good: "good",
      before: "certificate revoked",
      since: "certificate revoked",
      held: "certificate revoked",
      released: "good",
      releasedLater: "good",
    });
    assert.equal(verdict(certificates.since, false), "good");
    assert.equal(verdict(certificates.released, false), "certificate revoked");
  });

  test("a complete CRL and the delta CRL of its moment have one number; whoever holds the older one can use it (H2, H4)", async () => {
    const revoked = await installation.issue();
    const [older] = await publisher.publish(installation.root);
    await revoke(revoked);
    const made = await publisher.publish(installation.root);
    const [complete, delta] = made;
    assert.equal(made.length, 2);
    assert.equal(complete?.number, delta?.number);
    assert.equal(complete?.thisUpdate, delta?.thisUpdate);
    assert.ok((delta?.base ?? 0n) <= (older?.number ?? 0n));
  });
});
