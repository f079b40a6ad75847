import { OID } from "../../../src/asn1/oid.js";
import { bytesEqual, hex } from "../../../src/core/bytes.js";
import type { Certificate } from "../../../src/x509/certificate.js";
import { type Extension, findExtension } from "../../../src/x509/extensions.js";
import { brMust, type Check, may, must, pkixShould, should } from "../check.js";
import { ofBasic, ofSingles } from "../expect-ocsp.js";
import { type Expectation, type Judgement, NotApplicable } from "../expectation.js";
import type { BasicAnswer } from "../ocsp-answer.js";
import { signedAnswers } from "../populations.js";
import type { Seen } from "../seen.js";
import { readAlgorithm, signatureVerifies } from "../signature.js";
import { readOnce, signerOf } from "../signer.js";

/** Section C: who signs, as far as a client can see (RFC 6960 4.2.2.2, BR 7.1.2.8). */

const DAY = 86_400;
const MAX_DELEGATE_DAYS = 90;
const MIN_SERIAL_OCTETS = 8;

/** Of the signer's certificate, be it a delegate's or the issuer's own. */
function ofSigner(
  says: string,
  judge: (signer: Certificate, seen: Seen, basic: BasicAnswer) => Judgement,
): Expectation {
  return ofBasic(says, (basic, seen) => {
    const signer = signerOf(basic, seen.target.issuer);
    return signer === undefined ? new NotApplicable("no signer") : judge(signer, seen, basic);
  });
}

const isIssuer = ({ subjectPublicKeyInfo }: Certificate, { target }: Seen): boolean =>
  bytesEqual(subjectPublicKeyInfo, target.issuer.subjectPublicKeyInfo);

function ofDelegate(says: string, judge: (delegate: Certificate, seen: Seen) => Judgement): Expectation {
  return ofSigner(says, (signer, seen) =>
    isIssuer(signer, seen) ? new NotApplicable("the CA signs itself") : judge(signer, seen),
  );
}

/** Of an extension of the delegate's certificate; `absent` is the judgement without it. */
function ofExtension(
  says: string,
  oid: string,
  absent: Judgement,
  judge: (extension: Extension, delegate: Certificate, seen: Seen) => Judgement,
): Expectation {
  return ofDelegate(says, (delegate, seen) => {
    const found = findExtension(delegate.extensions, oid);
    return found === undefined ? absent : judge(found, delegate, seen);
  });
}

const noExtension = (name: string, oid: string): Expectation =>
  ofExtension(`no ${name}`, oid, true, ({ value }) => hex(value).slice(0, 60));

const ONLY_OCSP_SIGNING = ofDelegate(
  "id-kp-OCSPSigning alone",
  ({ extendedKeyUsage = [] }) =>
    (extendedKeyUsage.length === 1 && extendedKeyUsage[0] === OID.ocspSigning) || extendedKeyUsage.join(" "),
);
const NOCHECK = ofExtension("the extension", OID.idPkixOcspNocheck, "absent", () => true);

export const SIGNER_CHECKS: readonly Check[] = [
  must(
    "C1 certificates in answers are version 3 in strict DER",
    signedAnswers,
    ofBasic("certificates that can be read", ({ certificates = [] }) =>
      certificates.every((der) => readOnce(der) !== undefined),
    ),
  ),
  must(
    "C1 the signer is the issuer or was certified by it directly",
    signedAnswers,
    ofDelegate("the issuer's name and signature", (delegate, { target: { issuer } }) => {
      const { tbsCertificate, signatureAlgorithm, signatureBits, issuerName } = delegate;
      if (!bytesEqual(issuerName, issuer.subjectName)) return "another issuer's name";
      const key = issuer.subjectPublicKeyInfo;
      return (
        signatureVerifies(tbsCertificate, signatureAlgorithm, signatureBits, key) ||
        "a signature by another key than the issuer's"
      );
    }),
  ),
  must(
    "C1 a delegate has the key usage id-kp-OCSPSigning",
    signedAnswers,
    ofDelegate("id-kp-OCSPSigning", ({ extendedKeyUsage = [] }) =>
      extendedKeyUsage.includes(OID.ocspSigning),
    ),
  ),
  pkixShould("C3 a delegate has no other extended key usage", signedAnswers, ONLY_OCSP_SIGNING),
  brMust("C3 a delegate has no other extended key usage", signedAnswers, ONLY_OCSP_SIGNING),
  pkixShould("C4 a delegate has id-pkix-ocsp-nocheck", signedAnswers, NOCHECK),
  brMust("C4 a delegate has id-pkix-ocsp-nocheck", signedAnswers, NOCHECK),
  must(
    "C4 id-pkix-ocsp-nocheck is NULL",
    signedAnswers,
    ofExtension("05 00", OID.idPkixOcspNocheck, true, ({ value }) => hex(value) === "0500" || hex(value)),
  ),
  should(
    "C4 id-pkix-ocsp-nocheck is not critical",
    signedAnswers,
    ofExtension("not critical", OID.idPkixOcspNocheck, true, ({ critical }) => !critical),
  ),
  must(
    "C5 keyUsage, if there is one, has digitalSignature",
    signedAnswers,
    ofDelegate(
      "digitalSignature",
      ({ keyUsage }) => keyUsage === undefined || keyUsage.has("digitalSignature"),
    ),
  ),
  brMust(
    "C5 keyUsage is critical and digitalSignature alone",
    signedAnswers,
    ofExtension(
      "critical, digitalSignature",
      OID.keyUsage,
      "none",
      ({ critical, value }) =>
        (critical && hex(value) === "03020780") || `critical ${critical}, ${hex(value)}`,
    ),
  ),
  should(
    "C6 the delegate's authorityKeyIdentifier is the issuer's key identifier alone",
    signedAnswers,
    ofExtension("keyIdentifier", OID.authorityKeyIdentifier, "none", ({ value }, delegate, { target }) => {
      const own = delegate.authorityKeyIdentifier;
      const wanted = target.issuer.subjectKeyIdentifier;
      if (own === undefined || own.length + 4 !== value.length) return hex(value).slice(0, 60);
      return wanted === undefined || bytesEqual(own, wanted) || hex(own);
    }),
  ),
  should(
    "C6 the delegate has a subjectKeyIdentifier",
    signedAnswers,
    ofDelegate("subjectKeyIdentifier", ({ subjectKeyIdentifier }) => subjectKeyIdentifier !== undefined),
  ),
  must(
    "C6 the delegate is no CA",
    signedAnswers,
    ofDelegate("cA FALSE", ({ basicConstraints }) => basicConstraints?.cA !== true),
  ),
  brMust(
    "C6 basicConstraints of the delegate is absent or empty",
    signedAnswers,
    ofExtension("30 00", OID.basicConstraints, true, ({ value }) => hex(value) === "3000" || hex(value)),
  ),
  brMust(
    "C6 the delegate has no nameConstraints",
    signedAnswers,
    noExtension("nameConstraints", "2.5.29.30"),
  ),
  brMust(
    "C6 the delegate has no subjectAltName",
    signedAnswers,
    noExtension("subjectAltName", OID.subjectAltName),
  ),
  brMust(
    "C6 the delegate has no cRLDistributionPoints",
    signedAnswers,
    noExtension("cRLDistributionPoints", OID.cRLDistributionPoints),
  ),
  brMust(
    "C6 the delegate has no certificatePolicies",
    signedAnswers,
    noExtension("certificatePolicies", OID.certificatePolicies),
  ),
  should(
    "C7 the delegate names no OCSP responder for itself",
    signedAnswers,
    ofExtension(
      "no id-ad-ocsp",
      OID.authorityInfoAccess,
      true,
      ({ value }) => !hex(value).includes(ID_AD_OCSP),
    ),
  ),
  may(
    "C7 the delegate has no authorityInfoAccess",
    signedAnswers,
    noExtension("authorityInfoAccess", OID.authorityInfoAccess),
  ),
  must(
    "C8 the signer's certificate is valid when the answer is produced",
    signedAnswers,
    ofSigner(
      "notBefore <= producedAt <= notAfter",
      ({ notBefore, notAfter }, _, { producedAt }) =>
        !(producedAt.seconds < notBefore) && !(producedAt.seconds > notAfter),
    ),
  ),
  should(
    "C8 the delegate's certificate is short-lived",
    signedAnswers,
    ofDelegate(
      `at most ${MAX_DELEGATE_DAYS} days`,
      ({ notBefore, notAfter }) =>
        notAfter - notBefore <= MAX_DELEGATE_DAYS * DAY || `${Math.round((notAfter - notBefore) / DAY)} days`,
    ),
  ),
  must(
    "C9 nextUpdate is not after the end of the signer's certificate",
    signedAnswers,
    ofSigner("nextUpdate <= notAfter", ({ notAfter }, _, { singles }) =>
      singles.every(({ nextUpdate }) => nextUpdate === undefined || nextUpdate.seconds <= notAfter),
    ),
  ),
  must(
    "C9 nextUpdate is not after the end of the issuer's certificate",
    signedAnswers,
    ofSingles(
      "nextUpdate <= notAfter",
      ({ nextUpdate }, { target }) =>
        nextUpdate === undefined || nextUpdate.seconds <= target.issuer.notAfter,
    ),
  ),
  brMust(
    "C10 a CA that signs answers itself has digitalSignature",
    signedAnswers,
    ofSigner("digitalSignature", (signer, seen) =>
      isIssuer(signer, seen)
        ? signer.keyUsage?.has("digitalSignature") === true
        : new NotApplicable("a delegate signs"),
    ),
  ),
  must(
    "C11 the delegate's serial number is positive and of at most 20 octets",
    signedAnswers,
    ofDelegate("0 < serialNumber < 2^159", ({ serialInteger }) => {
      const first = serialInteger[0] as number;
      const positive = first < 0x80 && serialInteger.some((octet) => octet !== 0);
      return (positive && serialInteger.length <= 20) || hex(serialInteger);
    }),
  ),
  brMust(
    "C11 the delegate's serial number has room for 64 random bits",
    signedAnswers,
    ofDelegate(
      `at least ${MIN_SERIAL_OCTETS} octets`,
      ({ serialInteger }) => serialInteger.length >= MIN_SERIAL_OCTETS,
    ),
  ),
  must(
    "N3 the delegate's certificate is not signed by SHA-1 or MD5",
    signedAnswers,
    ofDelegate("a hash that is considered secure", ({ signatureAlgorithm }) => {
      const hash = readAlgorithm(signatureAlgorithm).known?.hash;
      return (hash !== "sha1" && hash !== "md5") || hash;
    }),
  ),
  must(
    "C1 the delegate's critical extensions are ones that clients know",
    signedAnswers,
    ofDelegate("keyUsage, extKeyUsage, basicConstraints or certificatePolicies", ({ extensions }) => {
      const strange = extensions.filter(({ critical, oid }) => critical && !KNOWN_CRITICAL.has(oid));
      return strange.length === 0 || strange.map(({ oid }) => oid).join(" ");
    }),
  ),
];

/** 1.3.6.1.5.5.7.48.1 as an element. */
const ID_AD_OCSP = "06082b06010505073001";

const KNOWN_CRITICAL: ReadonlySet<string> = new Set([
  OID.keyUsage,
  OID.extKeyUsage,
  OID.basicConstraints,
  OID.certificatePolicies,
  OID.idPkixOcspNocheck,
]);
