import { readFileSync } from "node:fs";
import { OpensslCa } from "../../support/openssl-ca.js";
import { TEST_PROFILES, TestCa, TestSigner } from "../../support/test-ca.js";

/** Certificates: by `openssl req -x509` with many extensions, and one of each of our profiles. */
export function certificates(): Map<string, Uint8Array> {
  return new Map([...byOpenssl(), ...ours()]);
}

const EXTENSIONS = [
  "subjectAltName=DNS:a.example,IP:127.0.0.1,email:a@a.example,URI:http://a.example",
  "keyUsage=critical,digitalSignature,keyCertSign",
  "extendedKeyUsage=serverAuth,OCSPSigning",
  "crlDistributionPoints=URI:http://a.example/crl",
  "authorityInfoAccess=OCSP;URI:http://a.example/ocsp",
  "certificatePolicies=1.2.3.4",
  "nameConstraints=permitted;DNS:.example",
];

function byOpenssl(): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  for (const keyType of ["rsa", "p256"] as const) {
    const ca = new OpensslCa(keyType);
    found.set(`openssl-${keyType}`, ca.certificate.raw);
    const extensions = EXTENSIONS.flatMap((extension) => ["-addext", extension]);
    const subject = ["-subj", "/C=JP/O=Sekisho/CN=\u95a2\u6240", "-utf8", "-multivalue-rdn"];
    ca.run(
      "req",
      "-x509",
      "-key",
      "ca.key",
      ...subject,
      ...extensions,
      "-outform",
      "DER",
      "-out",
      "rich.der",
    );
    found.set(`openssl-${keyType}-extensions`, readFileSync(ca.path("rich.der")));
    ca.remove();
  }
  return found;
}

function ours(): Map<string, Uint8Array> {
  const ca = new TestCa();
  const { subjectPublicKeyInfo } = new TestSigner();
  const found = new Map([["root", ca.certificate.der]]);
  for (const [name, profile] of Object.entries(TEST_PROFILES))
    if (name !== "root") found.set(name.toLowerCase(), ca.issue(subjectPublicKeyInfo, profile).der);
  const late = { serialNumber: Buffer.of(0x80), now: Date.UTC(2049, 11, 1) / 1000 };
  found.set("after-2050", ca.issue(subjectPublicKeyInfo, TEST_PROFILES.tlsServer, late).der);
  return found;
}
