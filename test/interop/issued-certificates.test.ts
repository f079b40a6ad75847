import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { issueCertificate } from "../../src/issuer/issue.js";
import type { Certificate } from "../../src/x509/certificate.js";
import { encodePem } from "../../src/x509/pem.js";
import { makeRequest, plainRequest } from "../support/certification-request.js";
import { enrol, type Installation, makeInstallation } from "../support/installation.js";
import { openssl, writeInto } from "../support/openssl.js";

/** openssl judges what each profile of the demonstration issues. */

const pem = (certificate: Certificate) => encodePem(certificate.der, "CERTIFICATE");

interface Expected {
  readonly request: (name: string) => Promise<string>;
  readonly text: readonly RegExp[];
}

const OCSP_URL = /OCSP - URI:http:\/\/127\.0\.0\.1:1\/ocsp\n/;
const CA_ISSUERS = /CA Issuers - URI:http:\/\/127\.0\.0\.1:1\/certs\/root\.cer\n/;
const CRL_URL = /URI:http:\/\/127\.0\.0\.1:1\/crl\/root\.crl\n/;

const PROFILES: Record<string, Expected> = {
  "tls-server": {
    request: makeRequest,
    text: [
      /Policy: 1\.3\.6\.1\.4\.1\.32473\.1\n/,
      /TLS Web Server Authentication/,
      /DNS:tls-server\.example/,
      /X509v3 Key Usage: critical\n\s+Digital Signature\n/,
    ],
  },
  "subordinate-ca": {
    request: plainRequest,
    text: [
      /Policy: 1\.2\.392\.200091\.100\.901\.4\n/,
      /X509v3 Basic Constraints: critical\n\s+CA:TRUE, pathlen:0/,
      /X509v3 Key Usage: critical\n\s+Certificate Sign, CRL Sign\n/,
    ],
  },
  "time-stamping": {
    request: plainRequest,
    text: [
      /Policy: 1\.2\.392\.200091\.100\.901\.5\n/,
      /X509v3 Extended Key Usage: critical\n\s+Time Stamping\n/,
    ],
  },
  "time-authority": {
    request: plainRequest,
    text: [/Policy: 1\.2\.392\.200091\.100\.901\.5\n/, /Digital Signature, Non Repudiation/],
  },
};

for (const keyType of ["p256", "rsa2048"])
  describe(`certificates by a root with a ${keyType} key`, () => {
    let installation: Installation;
    let root: string;
    before(async () => {
      installation = await makeInstallation((text) =>
        text.replace('key_type = "p256"', `key_type = "${keyType}"`),
      );
      root = writeInto(installation.dir, "root.pem", pem(installation.root.certificate));
    });
    after(() => installation.close());

    const verify = (certificate: Certificate, ...options: string[]) => {
      const file = writeInto(installation.dir, "certificate.pem", pem(certificate));
      openssl(["verify", "-x509_strict", ...options, "-CAfile", root, file]);
      return openssl(["x509", "-in", file, "-noout", "-text"]).toString();
    };

    for (const [profile, { request, text }] of Object.entries(PROFILES))
      test(`profile ${profile}`, async () => {
        const csr = await request(`${profile}.example`);
        const { certificate } = await issueCertificate(installation.context, installation.root, csr, profile);
        const shown = verify(certificate);
        for (const expected of [...text, OCSP_URL, CA_ISSUERS, CRL_URL]) assert.match(shown, expected);
        assert.equal(shown.match(/Policy: /g)?.length, 1, "only the policies that allow the profile");
      });

    test("the OCSP delegate", async () => {
      await enrol(installation);
      const [delegate] = installation.context.status.reader.delegates();
      const file = writeInto(installation.dir, "delegate.der", delegate?.certificate as Uint8Array);
      const shown = openssl(["x509", "-in", file, "-noout", "-text"]).toString();
      openssl(["verify", "-x509_strict", "-purpose", "ocsphelper", "-CAfile", root, file]);
      assert.match(shown, /OCSP Signing/);
      assert.match(shown, /OCSP No Check/);
      assert.match(shown, /Subject: .*CN = Sekisho Demo Root CA OCSP\n/);
      assert.doesNotMatch(shown, /URI:|Policy:/);
    });

    test("the root itself", () => {
      const shown = verify(installation.root.certificate, "-check_ss_sig");
      assert.match(shown, /CA:TRUE/);
      assert.doesNotMatch(shown, /URI:|Policy:|pathlen/);
    });
  });
