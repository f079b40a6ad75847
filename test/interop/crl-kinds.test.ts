import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { statSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { CA_CERTIFICATES } from "../../src/crl/scope.js";
import { createCa } from "../../src/issuer/create-ca.js";
import { crlPath } from "../../src/issuer/crl-files.js";
import { pinnedScope } from "../../src/issuer/crl-partition.js";
import { CrlPublisher } from "../../src/issuer/crl-publisher.js";
import { COMPLETE_CRL } from "../../src/issuer/crl-state.js";
import type { Certificate } from "../../src/x509/certificate.js";
import { encodePem } from "../../src/x509/pem.js";
import {
  type Installation,
  importRevoked,
  makeInstallation,
  revoke,
  silent,
  withSubordinateCa,
} from "../support/installation.js";
import { openssl, tryOpenssl, writeInto } from "../support/openssl.js";
import { bouncyCastle, gnutls, java, python } from "../support/programs.js";
import { judge } from "../support/verdicts.js";

/** Delta CRLs and partitioned CRLs as others read and use them (standards G2, H1, H3, H9 to H12, K9). */

const SHARDS = 2;
/** Certificates that nobody has, on the first shard: it and the complete CRL are larger than 1 MB. */
const LARGE = 25_000;
/** They print every entry. */
const MOST_OUTPUT = 64 * 2 ** 20;

describe("CRLs of all kinds", () => {
  let installation: Installation;
  let files: { complete: string; delta: string; shards: string[]; ca: string };
  /** One good and one revoked certificate of each shard; one that is on the delta CRL alone; the CA's. */
  let good: Certificate[];
  let revoked: Certificate[];
  let late: Certificate;
  let sub: Certificate;
  before(async () => {
    installation = await makeInstallation((text) =>
      withSubordinateCa(text).replace(
        'validity = "7d"\n',
        `validity = "7d"\nshards = ${SHARDS}\ndelta = { period = "1h", validity = "3h" }\n`,
      ),
    );
    const { config, context, root, keyStore } = installation;
    const publisher = new CrlPublisher(config, context.status, context.ca, silent);
    sub = (await createCa(context, keyStore("sub"), "sub")).certificate;
    await importRevoked(installation, LARGE, 1);
    good = await oneOfEachShard();
    revoked = await oneOfEachShard();
    for (const { serialNumber } of [...revoked, sub]) await revoke(installation, serialNumber);
    const partitions = [1, 2, CA_CERTIFICATES].map((scope) => ({ ...COMPLETE_CRL, scope }));
    for (const order of [COMPLETE_CRL, ...partitions]) await publisher.publish(root, order);
    late = await installation.issue();
    await revoke(installation, late.serialNumber);
    await publisher.publish(root, { ...COMPLETE_CRL, delta: true });
    const path = (scope: number, delta = false) => crlPath(config, "root", { scope, delta });
    files = {
      complete: path(0),
      delta: path(0, true),
      shards: [path(1), path(2)],
      ca: path(CA_CERTIFICATES),
    };
  });
  after(() => installation.close());

  async function oneOfEachShard(): Promise<Certificate[]> {
    const found = new Map<number, Certificate>();
    while (found.size < SHARDS) {
      const certificate = await installation.issue();
      found.set(pinnedScope(certificate), certificate);
    }
    return [...found].sort(([a], [b]) => a - b).map(([, certificate]) => certificate);
  }

  const hex = ({ serialNumber }: Certificate) => Buffer.from(serialNumber).toString("hex").replace(/^0/, "");
  const isReal = (serial: string): boolean => serial.length <= 32;
  const at = <T>(list: readonly T[], index: number): T => list[index] as T;
  const der = (name: string, { der: bytes }: Certificate) =>
    writeInto(installation.dir, name, Buffer.from(bytes));

  test("openssl verifies by the shard that the certificate names, and by no other", () => {
    const { dir, root } = installation;
    const anchor = writeInto(dir, "root.pem", encodePem(root.certificate.der, "CERTIFICATE"));
    const verdict = (certificate: Certificate, crl: string) => {
      const pem = join(dir, "crl.pem");
      openssl(["crl", "-inform", "DER", "-in", crl, "-out", pem]);
      const leaf = writeInto(dir, "leaf.pem", encodePem(certificate.der, "CERTIFICATE"));
      const { status, stderr } = tryOpenssl([
        "verify",
        "-crl_check",
        "-extended_crl",
        "-CRLfile",
        pem,
        "-CAfile",
        anchor,
        leaf,
      ]);
      return status === 0 ? "good" : (/depth lookup: (.*)/.exec(stderr)?.[1] ?? stderr);
    };
    for (let shard = 0; shard < SHARDS; shard++) {
      assert.equal(verdict(at(good, shard), at(files.shards, shard)), "good");
      assert.equal(verdict(at(revoked, shard), at(files.shards, shard)), "certificate revoked");
      assert.match(verdict(at(revoked, shard), at(files.shards, 1 - shard)), /different CRL scope/i);
      assert.equal(verdict(at(revoked, shard), files.complete), "certificate revoked");
    }
    assert.equal(verdict(sub, files.ca), "certificate revoked");
  });

  const { path: interpreter, ...noPython } = python();
  test("python3-cryptography reads every kind", noPython, () => {
    const { root, config } = installation;
    const all = [files.complete, files.delta, ...files.shards, files.ca];
    const said = execFileSync(
      interpreter as string,
      ["-W", "ignore", judge("crls.py"), der("root.der", root.certificate), ...all],
      { encoding: "utf8", maxBuffer: MOST_OUTPUT },
    );
    const [complete, delta, first, second, ca] = said
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    const url = (name: string) => `${config.responder.publicUrl}/crl/${name}`;
    for (const { valid } of [complete, delta, first, second, ca]) assert.equal(valid, true);
    assert.deepEqual([complete.base, complete.scope], [null, null]);
    assert.deepEqual(complete.freshest, [false, [[url("root-delta.crl")]]]);
    assert.deepEqual([delta.base, delta.freshest, delta.scope], [[true, complete.number[1]], null, null]);
    assert.deepEqual(delta.serials, [hex(late)]);
    assert.deepEqual(first.scope, [true, [[url("root/1.crl")], true, false]]);
    assert.deepEqual(second.scope, [true, [[url("root/2.crl")], true, false]]);
    assert.deepEqual(ca.scope, [true, [[url("root/ca.crl")], false, true]]);
    assert.equal(first.serials.length, LARGE + 1);
    for (const file of [files.complete, at(files.shards, 0)]) assert.ok(statSync(file).size > 2 ** 20);
    assert.deepEqual(
      [first.serials.filter(isReal), second.serials, ca.serials],
      [[hex(at(revoked, 0))], [hex(at(revoked, 1))], [hex(sub)]],
    );
    assert.deepEqual([...first.serials, ...second.serials, ...ca.serials].sort(), complete.serials.sort());
  });

  const { path: _, ...noGnutls } = gnutls();
  test("GnuTLS verifies the signature of every kind", noGnutls, () => {
    const anchor = der("root.der", installation.root.certificate);
    // A large list takes it a quarter of a minute: one is enough.
    for (const crl of [files.complete, files.delta, at(files.shards, 1), files.ca]) {
      const args = ["--verify-crl", "--load-ca-certificate", anchor, "--inder", "--infile", crl];
      const { status, stdout, stderr } = spawnSync("certtool", args, {
        encoding: "utf8",
        maxBuffer: MOST_OUTPUT,
      });
      assert.equal(status, 0, `${crl}: ${stdout} ${stderr}`);
      assert.match(stdout, /Verification output: Verified\./);
    }
  });

  /** Verdicts of a validator on certificates, each with the CRLs that it is given. */
  function pkix(
    classPath: string | undefined,
    validator: "sun" | "bc",
    asked: [Certificate, ...string[]][],
  ): string[] {
    const anchor = der("root.der", installation.root.certificate);
    const lines = asked.map(([certificate, ...crls], index) =>
      [validator, anchor, der(`leaf-${index}.der`, certificate), ...crls].join(" "),
    );
    const args = [...(classPath === undefined ? [] : ["-cp", classPath]), judge("PkixCrls.java")];
    return execFileSync("java", args, { input: `${lines.join("\n")}\n`, encoding: "utf8" })
      .trimEnd()
      .split("\n");
  }

  const { path: __, ...noJava } = java();
  test("Java's PKIX validates by shard and by the complete CRL", noJava, () => {
    const asked = [0, 1].flatMap((shard): [Certificate, ...string[]][] => [
      [at(good, shard), at(files.shards, shard)],
      [at(revoked, shard), at(files.shards, shard)],
      [at(revoked, shard), files.complete],
      [at(good, shard), at(files.shards, 1 - shard)],
    ]);
    const verdicts = pkix(undefined, "sun", asked).map((said) => said.replace(/^refused.*/, "refused"));
    assert.deepEqual(verdicts, [
      "good",
      "revoked",
      "revoked",
      "refused",
      "good",
      "revoked",
      "revoked",
      "refused",
    ]);
  });

  const { path: classPath, ...noBouncyCastle } = bouncyCastle();
  test("Bouncy Castle validates by complete and delta CRL together", noBouncyCastle, () => {
    const verdicts = pkix(classPath, "bc", [
      [at(good, 0), files.complete, files.delta],
      [at(revoked, 0), files.complete, files.delta],
      [late, files.complete, files.delta],
      [at(revoked, 1), at(files.shards, 1)],
      [at(good, 1), at(files.shards, 1)],
    ]);
    assert.deepEqual(verdicts, ["good", "revoked", "revoked", "revoked", "good"]);
  });
});
