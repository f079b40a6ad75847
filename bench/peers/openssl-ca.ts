import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Certificate, parseCertificate } from "../../src/x509/certificate.js";
import { decodePem } from "../../src/x509/pem.js";
import { openssl } from "../../test/support/openssl.js";
import { Server, unusedPort } from "../harness/processes.js";
import type { Endpoint } from "../load/rate.js";

export type KeyName = "rsa2048" | "p256";

const NEW_KEY = {
  rsa2048: ["-newkey", "rsa:2048"],
  p256: ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
} as const;

/** A CA of openssl's own making with `good` certificates in its index and a delegate for `openssl ocsp`. */
export class OpensslCa {
  readonly issuer: Certificate;
  readonly serials: readonly Buffer[];

  constructor(
    private readonly dir: string,
    private readonly key: KeyName,
    good: number,
  ) {
    const name = `/CN=Bench CA ${key}`;
    const root = ["-subj", name, "-days", "30", "-addext", "keyUsage=critical,keyCertSign,cRLSign"];
    openssl(["req", "-x509", ...this.newKey("ca"), "-out", this.path("ca.pem"), ...root]);
    this.issuer = parseCertificate(decodePem(readFileSync(this.path("ca.pem")), "CERTIFICATE"));
    this.issueDelegate();
    this.serials = Array.from({ length: good }, () => Buffer.concat([Buffer.of(0x41), randomBytes(15)]));
    const entry = (serial: Buffer): string =>
      `V\t450101000000Z\t\t${serial.toString("hex").toUpperCase()}\tunknown\t/CN=${serial.toString("hex")}\n`;
    writeFileSync(this.path("index"), this.serials.map(entry).join(""));
  }

  /**
   * Runs `openssl ocsp` with so many processes for one trial. It binds every address; it is asked over loopback. One trial
   * alone, because a connection that ends without a request stops it for good, and a load ends with some.
   */
  async whileServing<T>(
    processes: number,
    use: (endpoint: Omit<Endpoint, "stop">) => Promise<T>,
  ): Promise<T> {
    const port = await unusedPort();
    const files = ["-index", this.path("index"), "-CA", this.path("ca.pem")];
    const signer = ["-rsigner", this.path("delegate.pem"), "-rkey", this.path("delegate.key")];
    const several = processes > 1 ? ["-multi", String(processes)] : [];
    const options = ["-nmin", "60", "-ignore_err", ...several, ...files, ...signer];
    const ready = { printed: "ACCEPT", processes: processes > 1 ? processes : 0 };
    const server = await Server.start(
      ["openssl", "ocsp", "-port", String(port), ...options],
      ready,
      processes > 1,
    );
    try {
      return await use({ port, pid: server.pid });
    } finally {
      await server.stop();
    }
  }

  path(file: string): string {
    return join(this.dir, `${this.key}-${file}`);
  }

  private issueDelegate(): void {
    const extensions = "extendedKeyUsage=OCSPSigning\nkeyUsage=critical,digitalSignature\nnoCheck=ignored";
    writeFileSync(this.path("delegate.ext"), extensions);
    const request = this.path("delegate.csr");
    openssl(["req", "-new", ...this.newKey("delegate"), "-subj", "/CN=Delegate", "-out", request]);
    const signing = ["-CA", this.path("ca.pem"), "-CAkey", this.path("ca.key"), "-days", "10"];
    const out = ["-extfile", this.path("delegate.ext"), "-out", this.path("delegate.pem")];
    openssl(["x509", "-req", "-in", request, ...signing, ...out]);
  }

  private newKey(name: string): string[] {
    return [...NEW_KEY[this.key], "-nodes", "-keyout", this.path(`${name}.key`)];
  }
}
