import { createHash, generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { OID, oid } from "../../src/asn1/oid.js";
import { encode, nullValue, sequence } from "../../src/asn1/writer.js";
import type { ProfileConfig } from "../../src/core/config.js";
import type { KeyType, Signer, ToBeSigned } from "../../src/signer/signer.js";
import { assembleCertificate, type Certificate, parseCertificate } from "../../src/x509/certificate.js";
import type { CertificationRequest } from "../../src/x509/certification-request.js";
import { configuredSubject, encodeName } from "../../src/x509/name.js";
import { certificateFromRequest, type IssuanceTerms, tbsCertificate } from "../../src/x509/profile.js";
import { randomSerial } from "../../src/x509/serial.js";

/** 2026-06-01T00:00:00Z, the present of tests that do not need another one. */
export const TEST_NOW = Date.UTC(2026, 5, 1) / 1000;

const DAY = 86_400;

const profile = (kind: ProfileConfig["kind"], fields: Partial<ProfileConfig>): ProfileConfig => ({
  kind,
  validity: 90 * DAY,
  keyUsage: ["digitalSignature"],
  extendedKeyUsage: [],
  extendedKeyUsageCritical: false,
  subjectFields: ["commonName", "organization", "organizationalUnit", "country"],
  subjectAltName: [],
  ...fields,
});

/** One profile of each kind, as the quickstart's configuration has them. */
export const TEST_PROFILES = {
  root: profile("root", { validity: 7300 * DAY, keyUsage: ["keyCertSign", "cRLSign"] }),
  subordinateCa: profile("subordinate-ca", {
    validity: 3650 * DAY,
    keyUsage: ["keyCertSign", "cRLSign"],
    pathLength: 0,
  }),
  ocspResponder: profile("ocsp-responder", { extendedKeyUsage: ["ocspSigning"] }),
  tlsServer: profile("end-entity", {
    keyUsage: ["digitalSignature", "keyEncipherment"],
    extendedKeyUsage: ["serverAuth"],
    subjectAltName: ["dns", "ip"],
  }),
  timeStamping: profile("end-entity", { extendedKeyUsage: ["timeStamping"] }),
  timeAuthority: profile("end-entity", { keyUsage: ["digitalSignature", "nonRepudiation"] }),
} as const;

export const TEST_URLS = {
  ocsp: "http://pki.example/ocsp",
  caIssuers: "http://pki.example/certs/root.cer",
  crl: "http://pki.example/crl/root.crl",
};

/** A key pair in memory that signs as any Signer does. */
export class TestSigner implements Signer {
  readonly keyType: KeyType;
  readonly digestName: "sha256" | "sha384";
  readonly signatureAlgorithm: Uint8Array;
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
  readonly subjectPublicKeyInfo: Uint8Array;

  constructor(keyType: KeyType = "p256") {
    const { publicKey, privateKey } = keyType.startsWith("rsa")
      ? generateKeyPairSync("rsa", { modulusLength: Number(keyType.slice(3)) })
      : generateKeyPairSync("ec", { namedCurve: keyType === "p256" ? "P-256" : "P-384" });
    this.keyType = keyType;
    this.digestName = keyType === "p384" ? "sha384" : "sha256";
    this.signatureAlgorithm = encode(
      keyType.startsWith("rsa")
        ? sequence(oid(OID.sha256WithRSAEncryption), nullValue)
        : sequence(oid(keyType === "p384" ? OID.ecdsaWithSHA384 : OID.ecdsaWithSHA256)),
    );
    this.publicKey = publicKey;
    this.privateKey = privateKey;
    this.subjectPublicKeyInfo = publicKey.export({ format: "der", type: "spki" });
  }

  async sign(batch: readonly ToBeSigned[]): Promise<Uint8Array[]> {
    return batch.map(({ chunks }) => this.signNow(Buffer.concat([...chunks()])));
  }

  /** Signature over a message, without waiting. */
  signNow(message: Uint8Array): Uint8Array {
    return sign(this.digestName, message, this.privateKey);
  }
}

/** A message that a Signer can take. */
export function toBeSigned(signer: Signer, message: Uint8Array): ToBeSigned {
  return { digest: createHash(signer.digestName).update(message).digest(), chunks: () => [message] };
}

export type IssueOptions = Partial<Omit<IssuanceTerms, "issuer" | "signatureAlgorithm" | "profile">>;

/** A self-signed CA with its key in memory. */
export class TestCa {
  readonly signer: TestSigner;
  readonly certificate: Certificate;

  constructor(keyType: KeyType = "p256", commonName = "Sekisho Test Root", options: IssueOptions = {}) {
    this.signer = new TestSigner(keyType);
    const subjectName = configuredSubject({ country: "JP", organization: "Sekisho", commonName });
    const { subjectPublicKeyInfo } = this.signer;
    const subject = { subjectName, subjectPublicKeyInfo, alternativeNames: [] };
    this.certificate = this.assemble(
      tbsCertificate(subject, this.terms(TEST_PROFILES.root, { issuer: undefined, ...options })),
    );
  }

  /** A certificate for a key that a test made: by default an OCSP delegate's. */
  issue(
    subjectPublicKeyInfo: Uint8Array,
    profile: ProfileConfig = TEST_PROFILES.ocspResponder,
    options: IssueOptions = {},
    commonName = "Sekisho Test Subject",
  ): Certificate {
    const subjectName = encodeName([["commonName", commonName]]);
    const subject = { subjectName, subjectPublicKeyInfo, alternativeNames: [] };
    return this.assemble(tbsCertificate(subject, this.terms(profile, options)));
  }

  issueFromRequest(
    request: CertificationRequest,
    profile: ProfileConfig,
    options: IssueOptions = {},
  ): Certificate {
    return this.assemble(certificateFromRequest(request, this.terms(profile, options)));
  }

  /** Signs any TBSCertificate, also a bad one. */
  assemble(tbs: Uint8Array): Certificate {
    const { signatureAlgorithm } = this.signer;
    return parseCertificate(assembleCertificate(tbs, signatureAlgorithm, this.signer.signNow(tbs)));
  }

  terms(profile: ProfileConfig, options: Partial<IssuanceTerms> = {}): IssuanceTerms {
    return {
      profile,
      policies: [],
      issuer: this.certificate,
      serialNumber: randomSerial(),
      now: TEST_NOW,
      signatureAlgorithm: this.signer.signatureAlgorithm,
      urls: TEST_URLS,
      ...options,
    };
  }
}
