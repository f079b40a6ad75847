import { spawnSync } from "node:child_process";
import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DerReader } from "../../src/asn1/reader.js";
import { contextConstructed, TAG } from "../../src/asn1/tags.js";

/** A self-signed CA made by openssl in a directory of its own, with the parts of it a CRL needs. */
export class OpensslCa {
  readonly directory = mkdtempSync(join(tmpdir(), "sekisho-ca-"));
  readonly key: KeyObject;
  readonly certificate: X509Certificate;
  /** DER Name of the subject. */
  readonly subjectName: Uint8Array;
  readonly keyIdentifier: Uint8Array;

  constructor(keyType: "rsa" | "p256") {
    const algorithm = keyType === "rsa" ? ["rsa:2048"] : ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"];
    const subject = "/C=JP/O=Sekisho Test/CN=Test Root";
    this.run(
      "req",
      "-x509",
      "-newkey",
      ...algorithm,
      "-nodes",
      "-keyout",
      "ca.key",
      "-out",
      "ca.pem",
      "-subj",
      subject,
    );
    this.key = createPrivateKey(readFileSync(this.path("ca.key")));
    this.certificate = new X509Certificate(readFileSync(this.path("ca.pem")));
    this.subjectName = subjectOf(this.certificate.raw);
    this.keyIdentifier = keyIdentifierOf(
      this.run("x509", "-in", "ca.pem", "-noout", "-ext", "subjectKeyIdentifier"),
    );
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  /** Runs openssl in the directory; returns what it said on stdout and stderr. Throws when it fails. */
  run(...args: string[]): string {
    const { status, stdout, stderr } = spawnSync("openssl", args, {
      cwd: this.directory,
      encoding: "utf8",
      maxBuffer: 2 ** 28,
    });
    if (status !== 0) throw new Error(`openssl ${args[0]}: ${stderr}`);
    return stdout + stderr;
  }

  /**
   * A CRL by `openssl ca -gencrl` from lines of index.txt. Times are `YYYYMMDDHHMMSSZ`, `extensions` lines of its
   * configuration beside those for authorityKeyIdentifier and the number.
   */
  generateCrl(
    index: readonly string[],
    thisUpdate: string,
    nextUpdate: string,
    cRLNumber: string,
    extensions: readonly string[] = [],
  ): Buffer {
    writeFileSync(this.path("index.txt"), index.map((line) => `${line}\n`).join(""));
    writeFileSync(this.path("crlnumber"), `${cRLNumber}\n`);
    writeFileSync(this.path("ca.cnf"), `${CONFIGURATION}${extensions.join("\n")}\n`);
    const times = ["-crl_lastupdate", thisUpdate, "-crl_nextupdate", nextUpdate];
    this.run("ca", "-config", "ca.cnf", "-gencrl", ...times, "-out", "crl.pem");
    this.run("crl", "-in", "crl.pem", "-outform", "DER", "-out", "crl.der");
    return readFileSync(this.path("crl.der"));
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

const CONFIGURATION = `
[ca]
default_ca = demo
[demo]
database = index.txt
crlnumber = crlnumber
certificate = ca.pem
private_key = ca.key
default_md = sha256
crl_extensions = extensions
[extensions]
authorityKeyIdentifier = keyid:always
`;

function subjectOf(certificate: Uint8Array): Uint8Array {
  const reader = new DerReader(certificate);
  reader.enter(TAG.SEQUENCE);
  reader.enter(TAG.SEQUENCE);
  reader.optional(contextConstructed(0));
  for (let i = 0; i < 5; i++) reader.any(); // serialNumber, signature, issuer, validity, subject
  return reader.element().slice();
}

function keyIdentifierOf(text: string): Uint8Array {
  return Buffer.from(text.replace(/.*Identifier:/s, "").replace(/[^0-9A-F]/g, ""), "hex");
}
