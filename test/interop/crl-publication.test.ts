import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, beforeEach, describe, test } from "node:test";
import { CRL_REASON } from "../../src/crl/reason.js";
import { changeStatus, type StatusChange } from "../../src/issuer/change-status.js";
import { crlPath } from "../../src/issuer/crl-files.js";
import { CrlPublisher } from "../../src/issuer/crl-publisher.js";
import type { PublishedCrl } from "../../src/issuer/published-crl.js";
import type { Change } from "../../src/store/journal-record.js";
import { type Certificate, parseCertificate } from "../../src/x509/certificate.js";
import { encodePem } from "../../src/x509/pem.js";
import { serialText } from "../../src/x509/serial.js";
import { enrol, type Installation, makeInstallation, silent } from "../support/installation.js";
import { openssl, tryOpenssl, writeInto } from "../support/openssl.js";

/** Published CRLs as openssl reads them (standards G1 to G13). */

const REVOKED_AT = Date.UTC(2026, 0, 2, 3, 4, 5) / 1000;
const INVALID_SINCE = Date.UTC(2025, 11, 24) / 1000;

describe("published CRLs", () => {
  let installation: Installation;
  let publisher: CrlPublisher;
  let file: string;
  let root: string;
  before(async () => {
    installation = await makeInstallation();
    const { config, context, dir } = installation;
    publisher = new CrlPublisher(config, context.status, context.ca, silent);
    file = crlPath(config, "root");
    root = writeInto(dir, "root.pem", encodePem(installation.root.certificate.der, "CERTIFICATE"));
  });
  after(() => installation.close());

  const publish = async () => (await publisher.publish(installation.root))[0] as PublishedCrl;
  const change = (...changes: StatusChange[]) =>
    changeStatus(installation.context.status, installation.root.issuer, changes, REVOKED_AT);
  const revoke = ({ serialNumber }: Certificate, reason: number, invalidityDate = 0) =>
    change({ act: "revoke", serial: serialNumber, reason, invalidityDate });

  /** What `openssl crl -text` shows once it has verified the signature. */
  function shown(): string {
    const { stdout, stderr } = tryOpenssl([
      "crl",
      "-inform",
      "DER",
      "-in",
      file,
      "-CAfile",
      root,
      "-noout",
      "-text",
    ]);
    assert.match(stderr, /verify OK/);
    return stdout.toString();
  }

  /** Serial in lower case -> the rest of its entry. */
  function entries(text: string): Map<string, string> {
    const list = text.split(/^Revoked Certificates:\n/m)[1]?.split(/^ {4}Signature Algorithm/m)[0] ?? "";
    const parts = list.split(/^ {4}Serial Number: /m).slice(1);
    return new Map(parts.map((part) => [part.slice(0, part.indexOf("\n")).toLowerCase(), part]));
  }

  test("an empty list has no revokedCertificates (G6), and the extensions and times it should", async () => {
    const crl = await publish();
    const text = shown();
    assert.match(text, /Version 2 .*\n/);
    assert.match(text, /No Revoked Certificates\./);
    assert.match(text, /X509v3 Authority Key Identifier: \n/);
    assert.match(text, new RegExp(`X509v3 CRL Number: \n +${crl.number}\n`));
    assert.equal(crl.nextUpdate - crl.thisUpdate, installation.config.issuers.root?.crl.validity);
    assert.deepEqual([crl.file, crl.bytes], [file, readFileSync(file).length]);
  });

  describe("with entries", () => {
    let certificates: Record<
      "good" | "keyCompromise" | "unspecified" | "superseded" | "held" | "released",
      Certificate
    >;
    beforeEach(async () => {
      const names = ["good", "keyCompromise", "unspecified", "superseded", "held", "released"] as const;
      const issued = await Promise.all(names.map(async (name) => [name, await installation.issue()]));
      certificates = Object.fromEntries(issued);
      await revoke(certificates.keyCompromise, CRL_REASON.keyCompromise, INVALID_SINCE);
      await revoke(certificates.unspecified, CRL_REASON.unspecified);
      await revoke(certificates.superseded, CRL_REASON.superseded);
      for (const { serialNumber } of [certificates.held, certificates.released])
        await change({ act: "hold", serial: serialNumber });
      await publish();
    });

    const entry = (name: keyof typeof certificates) =>
      entries(shown()).get(serialText(certificates[name].serialNumber));

    test("lists exactly the revoked and held, with reasons and dates (G11, G12)", async () => {
      const { reader } = installation.context.status;
      assert.equal(entries(shown()).size, reader.revokedCount(installation.root.issuer));
      assert.equal(entry("good"), undefined);
      assert.match(
        entry("keyCompromise") ?? "",
        /Jan {2}2 03:04:05 2026 GMT[\s\S]*Key Compromise[\s\S]*Invalidity Date: \n +Dec 24 00:00:00 2025 GMT/,
      );
      assert.doesNotMatch(entry("unspecified") ?? "none", /none|extensions/);
      assert.match(entry("superseded") ?? "", /Superseded/);
      assert.match(entry("held") ?? "", /Certificate Hold/);
    });

    test("a released certificate leaves the next list; a kept hold stays", async () => {
      assert.ok(entry("released"));
      await change({ act: "release", serial: certificates.released.serialNumber });
      await publish();
      assert.equal(entry("released"), undefined);
      assert.ok(entry("held"));
    });

    test("openssl verify -crl_check", () => {
      const { dir } = installation;
      const crl = join(dir, "crl.pem");
      openssl(["crl", "-inform", "DER", "-in", file, "-out", crl]);
      const check = (name: keyof typeof certificates) => {
        const certificate = writeInto(dir, "leaf.pem", encodePem(certificates[name].der, "CERTIFICATE"));
        return tryOpenssl(["verify", "-crl_check", "-CRLfile", crl, "-CAfile", root, certificate]);
      };
      assert.equal(check("good").status, 0);
      for (const name of ["keyCompromise", "unspecified", "held"] as const)
        assert.match(check(name).stderr, /certificate revoked/);
    });
  });

  test("a revoked OCSP delegate is listed like any other certificate", async () => {
    await enrol(installation);
    const [stored] = installation.context.status.reader.delegates();
    const delegate = parseCertificate(stored?.certificate as Uint8Array);
    await revoke(delegate, CRL_REASON.cessationOfOperation);
    await publish();
    assert.match(entries(shown()).get(serialText(delegate.serialNumber)) ?? "", /Cessation Of Operation/);
  });

  test("numbers rise by publication, and the journal knows each", async () => {
    const first = await publish();
    const second = await publish();
    assert.equal(second.number, first.number + 1n);
    const { reader } = installation.context.status;
    const { position } = reader.head();
    const body = reader.record(position)?.body;
    assert.ok(body?.kind === "crl");
    assert.deepEqual(
      [BigInt(body.number), body.covers, body.nextUpdate],
      [second.number, position - 1, second.nextUpdate],
    );
    assert.equal(Buffer.from(body.digest).toString("hex"), second.sha256);
    assert.deepEqual(readdirSync(installation.config.crl.dir).sort(), [".archive", ".staging", "root.crl"]);
    assert.deepEqual(readdirSync(join(installation.config.crl.dir, ".staging")), []);
  });

  test("30,000 entries, more than 1 MB, in ascending order", async () => {
    const { context, root: authority } = installation;
    const { issuer } = authority;
    const already = context.status.reader.revokedCount(issuer);
    const serials = Array.from({ length: 30_000 }, (_, i) =>
      Buffer.from(`7${String(i).padStart(15, "0")}`, "latin1"),
    );
    for (let from = 0; from < serials.length; from += 4_096) {
      const batch = serials.slice(from, from + 4_096);
      const issued = batch.map(
        (serial): Change => ({
          op: "issue",
          issuer,
          serial,
          notAfter: REVOKED_AT,
          shard: 0,
          certificateHash: new Uint8Array(32),
        }),
      );
      const revoked = batch.map(
        (serial): Change => ({
          op: "status",
          issuer,
          serial,
          state: "revoked",
          reason: 1,
          revocationTime: REVOKED_AT,
          invalidityDate: INVALID_SINCE,
        }),
      );
      await context.status.transact(({ append }) => {
        append({ kind: "changes", changes: issued });
        append({ kind: "changes", changes: revoked });
      });
    }
    const crl = await publish();
    assert.equal(crl.entries, already + serials.length);
    assert.ok(crl.bytes > 2 ** 20);
    const text = shown();
    assert.equal(entries(text).size, crl.entries);
    const listed = [...entries(text).keys()].filter((serial) => serial.length === 32);
    assert.deepEqual(listed, [...listed].sort());
  });
});
