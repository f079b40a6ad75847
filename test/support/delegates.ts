import type { ProfileConfig } from "../../src/core/config.js";
import { certify, issueChange, signBytes } from "../../src/issuer/certify.js";
import { issuanceTerms } from "../../src/issuer/issue.js";
import { assembleCertificate, type Certificate, parseCertificate } from "../../src/x509/certificate.js";
import { configuredSubject } from "../../src/x509/name.js";
import { tbsCertificate } from "../../src/x509/profile.js";
import { randomSerial } from "../../src/x509/serial.js";
import type { Installation } from "./installation.js";

/** Delegates that no enrolment would make: for other keys, of other profiles, at other times. */

/** Issues a delegate certificate for a key now (by the installation's clock), as the issuer would. */
export async function issueDelegate(
  { context, root }: Installation,
  subjectPublicKeyInfo: Uint8Array,
): Promise<Certificate> {
  const profile = context.config.profiles["ocsp-responder"] as ProfileConfig;
  const issued = await certify(context, root, "delegate", profile.kind, new Uint8Array(), (serialNumber) =>
    tbsCertificate(subject(subjectPublicKeyInfo), issuanceTerms(context, root, profile, [], serialNumber)),
  );
  return issued.certificate;
}

/** Signs a certificate with the root's key by any profile, without lint, and stores it as a delegate. */
export async function storeDelegate(
  { context, root }: Installation,
  subjectPublicKeyInfo: Uint8Array,
  profile: ProfileConfig,
): Promise<Certificate> {
  const tbs = tbsCertificate(
    subject(subjectPublicKeyInfo),
    issuanceTerms(context, root, profile, [], randomSerial()),
  );
  const signature = await signBytes(root.signer, tbs);
  const certificate = parseCertificate(assembleCertificate(tbs, root.signer.signatureAlgorithm, signature));
  const { serialNumber: serial, der } = certificate;
  await context.status.transact(({ append }) => {
    append({ kind: "changes", changes: [issueChange(root.issuer, certificate)] });
    append({ kind: "delegate", issuer: root.issuer, serial, certificate: der });
  });
  return certificate;
}

const subject = (subjectPublicKeyInfo: Uint8Array) => ({
  subjectName: configuredSubject({ commonName: "Another delegate" }),
  subjectPublicKeyInfo,
  alternativeNames: [],
});
