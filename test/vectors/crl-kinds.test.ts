import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { createPublicKey } from "node:crypto";
import { after, before, describe, it } from "node:test";
import { hex } from "../../src/core/bytes.js";
import { type ReadCrlOptions, readCrl, type SignedCrl } from "../../src/crl/read-crl.js";
import { crlSigner, type VerifiedCrl, verifyCrl } from "../../src/verify/crl.js";
import { describeCrl } from "../../src/verify/crl-description.js";
import { combineCrls } from "../../src/verify/crl-set.js";
import { writeInto } from "../support/openssl.js";
import { OpensslCa } from "../support/openssl-ca.js";
import { python } from "../support/programs.js";

const NOW = Date.UTC(2025, 5, 1) / 1000;
const SHARD = "http://pki.example/crl/root/1.crl";
const REVOKED_AT = "250101000000Z";
const line = (serial: string, reason: string): string =>
  `R\t350101000000Z\t${REVOKED_AT}${reason}\t${serial}\tunknown\t/CN=one`;

describe("CRLs of all kinds by openssl (H1 to H4, H9, H10, G15)", () => {
  let ca: OpensslCa;
  before(() => {
    ca = new OpensslCa("p256");
  });
  after(() => ca.remove());

  const list = (
    name: string,
    number: string,
    index: readonly string[],
    ...extensions: string[]
  ): VerifiedCrl => {
    const der = ca.generateCrl(index, "20250102000000Z", "20990101000000Z", number, extensions);
    return verifyCrl(writeInto(ca.directory, name, der), crlSigner(ca.certificate.raw), NOW);
  };
  const delta = (since: string) => `2.5.29.27 = critical,DER:02:01:${since}`;
  const partition = [
    "issuingDistributionPoint = critical,@idp",
    "[idp]",
    `fullname = URI:${SHARD}`,
    "onlyuser = TRUE",
  ];

  it("a delta CRL goes onto its complete CRL", () => {
    const complete = list("complete.crl", "05", [
      line("0A", ""),
      line("0B", ",certificateHold"),
      line("0C", ""),
    ]);
    const changes = [line("0B", ",removeFromCRL"), line("0C", ",keyCompromise"), line("0D", ",superseded")];
    const [combined] = combineCrls([complete, list("delta.crl", "09", changes, delta("05"))]);
    assert.deepEqual(combined?.effect, { added: 1, changed: 1, removed: 1, entries: 3 });
    const early = list("early.crl", "09", changes, delta("06"));
    assert.throws(() => combineCrls([complete, early]), /builds on number 6/);
  });

  it("a partition with freshestCRL says what openssl was told to say", () => {
    const freshest = "freshestCRL = URI:http://pki.example/crl/root/1-delta.crl";
    const { crl } = list("partition.crl", "07", [line("0A", "")], freshest, ...partition);
    const { distributionPoints, limits, freshestCRL, cRLNumber, entries } = describeCrl(crl);
    assert.deepEqual([distributionPoints, limits], [[SHARD], ["onlyContainsUserCerts"]]);
    assert.deepEqual([freshestCRL, cRLNumber, entries], [["http://pki.example/crl/root/1-delta.crl"], 7n, 1]);
  });

  it("a delta CRL of a partition goes onto the partition and not onto the list of all", () => {
    const change = list("change.crl", "09", [line("0D", "")], delta("05"), ...partition);
    const whole = list("whole.crl", "06", [line("0A", "")]);
    const shard = list("shard.crl", "06", [line("0A", "")], ...partition);
    assert.equal(combineCrls([whole, shard, change])[0]?.complete, shard);
    assert.throws(() => combineCrls([whole, change]), /no complete CRL of this delta CRL's scope/);
  });
});

/** Writes the public key and CRLs as lines of hexadecimal digits. */
const MAKE = `
import datetime
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

key = ec.generate_private_key(ec.SECP256R1())
name = lambda text: x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
day = lambda n: datetime.datetime(2025, 1, n)
url = lambda text: [x509.UniformResourceIdentifier(text)]

def crl(entries, *extensions):
    builder = x509.CertificateRevocationListBuilder().issuer_name(name("issuer"))
    builder = builder.last_update(day(2)).next_update(day(9))
    for serial, *of_entry in entries:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(day(1))
        for value, critical in of_entry:
            entry = entry.add_extension(value, critical)
        builder = builder.add_revoked_certificate(entry.build())
    for value, critical in extensions:
        builder = builder.add_extension(value, critical)
    print(builder.sign(key, hashes.SHA384()).public_bytes(serialization.Encoding.DER).hex())

def scope(url=None, user=False, ca=False, reasons=None, indirect=False):
    return (x509.IssuingDistributionPoint(url, None, user, ca, reasons, indirect, False), True)

of = lambda text: (x509.CertificateIssuer([x509.DirectoryName(name(text))]), True)
print(key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo).hex())
crl([(1, (x509.CRLReason(x509.ReasonFlags.aa_compromise), False), (x509.InvalidityDate(day(1)), False)), (2**152,)])
crl([], (x509.CRLNumber(2**100), False), (x509.DeltaCRLIndicator(2**99), True))
crl([], scope(url("http://a/1.crl"), ca=True), (x509.FreshestCRL([x509.DistributionPoint(url("http://a/d"), None, None, None)]), False))
crl([(1,), (2, of("other")), (3,), (2, of("third"))], scope(indirect=True))
crl([], scope(reasons=frozenset([x509.ReasonFlags.key_compromise, x509.ReasonFlags.ca_compromise]), user=True))
`;

const { path, ...otherwise } = python();

describe("CRLs of all kinds by python3-cryptography (H9, H13, H14, G5, G8)", otherwise, () => {
  let read: (index: number, options?: ReadCrlOptions) => SignedCrl;
  before(() => {
    const { stdout, stderr } = spawnSync(path as string, ["-c", MAKE], { encoding: "utf8" });
    const [key, ...lists] = stdout
      .trim()
      .split("\n")
      .map((text) => Buffer.from(text, "hex")) as [Buffer, ...Buffer[]];
    assert.equal(lists.length, 5, stderr);
    const publicKey = createPublicKey({ key, format: "der", type: "spki" });
    read = (index, options) => {
      const crl = readCrl([lists[index] as Buffer], { publicKey, ...options });
      assert.equal(crl.signatureValid, true);
      return crl;
    };
  });

  it("entries with their extensions, and none for the list", () => {
    const seen: unknown[] = [];
    const { extensions } = read(0, {
      onEntry: (each) =>
        seen.push([hex(each.serial), each.reasonCode, each.invalidityDate, each.revocationDate]),
    });
    const firstDay = Date.UTC(2025, 0, 1) / 1000;
    assert.deepEqual(seen, [
      ["01", 10, firstDay, firstDay],
      [`01${"00".repeat(19)}`, 0, 0, firstDay],
    ]);
    assert.deepEqual(extensions.list, []);
  });

  it("numbers beyond 2^64", () => {
    const { cRLNumber, deltaCRLIndicator } = read(1).extensions;
    assert.deepEqual([cRLNumber, deltaCRLIndicator], [2n ** 100n, 2n ** 99n]);
  });

  it("scopes and freshestCRL", () => {
    const ofCas = describeCrl(read(2));
    assert.deepEqual([ofCas.distributionPoints, ofCas.limits], [["http://a/1.crl"], ["onlyContainsCACerts"]]);
    assert.deepEqual(ofCas.freshestCRL, ["http://a/d"]);
    assert.deepEqual(describeCrl(read(4)).limits, ["onlyContainsUserCerts", "onlySomeReasons"]);
  });

  it("certificateIssuer holds until the next one, and without one it is the CRL's issuer", () => {
    const issuers: [string, string | undefined][] = [];
    const nameIn = (names: Uint8Array | undefined) =>
      names && /(other|third)$/.exec(Buffer.from(names).toString("latin1"))?.[0];
    read(3, { onEntry: (each) => issuers.push([hex(each.serial), nameIn(each.certificateIssuer)]) });
    assert.deepEqual(issuers, [
      ["01", undefined],
      ["02", "other"],
      ["03", "other"],
      ["02", "third"],
    ]);
  });
});
