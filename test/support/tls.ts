import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { TlsIdentity } from "../../src/http/tls.js";
import type { Wire } from "./http-behaviours.js";
import { RawClient } from "./http-client.js";
import { openssl } from "./openssl.js";

/** Certificate and key of a TLS server as files. */
export interface TlsFiles extends TlsIdentity {
  readonly certificateFile: string;
  readonly keyFile: string;
}

/** A self-signed certificate for localhost; `args` may say other things about it. openssl makes keys for their owner only. */
export function makeTlsFiles(directory: string, name: string, ...args: string[]): TlsFiles {
  const certificateFile = join(directory, `${name}.pem`);
  const keyFile = join(directory, `${name}.key`);
  const names = ["-subj", `/CN=${name}`, "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"];
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", keyFile];
  openssl(["req", "-x509", ...key, "-out", certificateFile, ...names, ...args]);
  return {
    certificateFile,
    keyFile,
    certificate: readFileSync(certificateFile, "latin1"),
    key: readFileSync(keyFile, "latin1"),
  };
}

/** The way to a server that has this certificate. */
export function tlsWire(tls: TlsIdentity): Wire {
  return { connect: (port) => RawClient.connectTls(port, tls.certificate), tls, shortMs: 2_000 };
}
