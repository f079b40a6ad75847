import { nowSeconds } from "../core/clock.js";
import type { IssuerConfig } from "../core/config.js";
import { SekishoError } from "../core/errors.js";
import type { KeyAccess, Signer } from "../signer/signer.js";
import type { Certificate } from "../x509/certificate.js";
import { buildCertificationRequest } from "../x509/certification-request.js";
import { configuredSubject } from "../x509/name.js";
import { type SubjectFields, tbsCertificate } from "../x509/profile.js";
import { randomSerial } from "../x509/serial.js";
import { certify, type Issued, issueChange, signBytes, signCertificate } from "./certify.js";
import { allowedProfile, type IssueContext, issuanceTerms, publicationUrls } from "./issue.js";

/**
 * Creates a configured CA: generates its key in its token, has it certified by itself or by its parent, and records it
 * in the journal. A key that an interrupted attempt left in the token is used. Throws ISSUER_UNKNOWN, ISSUER_EXISTS, PROFILE_REFUSED,
 * LINT_FAILED.
 */
export async function createCa(context: IssueContext, keyStore: KeyAccess, id: string): Promise<Issued> {
  const config = context.config.issuers[id];
  if (config === undefined) throw new SekishoError("ISSUER_UNKNOWN", `issuer ${id} is not configured`);
  if (context.authorities.exists(id))
    throw new SekishoError("ISSUER_EXISTS", `issuer ${id} was created before`);
  const signer = await caKey(keyStore, id, config);
  const subject: SubjectFields = {
    subjectName: configuredSubject(config.subject),
    subjectPublicKeyInfo: signer.subjectPublicKeyInfo,
    alternativeNames: [],
  };
  const issued =
    config.parent === undefined
      ? await selfSigned(context, id, config, signer, subject)
      : await certifiedBy(context, id, config, config.parent, signer, subject);
  context.authorities.reload();
  return issued;
}

async function caKey(keyStore: KeyAccess, id: string, { keyType }: IssuerConfig): Promise<Signer> {
  const label = `ca-${id}`;
  for (const identifier of await keyStore.list(label)) {
    const signer = await keyStore.findSigner(identifier);
    if (signer?.keyType === keyType) return signer;
  }
  return keyStore.generate(label, keyType);
}

async function selfSigned(
  context: IssueContext,
  id: string,
  config: IssuerConfig,
  signer: Signer,
  subject: SubjectFields,
): Promise<Issued> {
  const profile = profileOf(context, config, "root");
  const tbs = tbsCertificate(subject, {
    profile,
    policies: [],
    issuer: undefined,
    serialNumber: randomSerial(),
    now: nowSeconds(context.clock),
    signatureAlgorithm: signer.signatureAlgorithm,
    urls: publicationUrls(context.config, id),
  });
  const certificate = await signCertificate(tbs, signer, undefined, profile.kind);
  return { certificate, journal: await record(context, id, certificate, true) };
}

async function certifiedBy(
  context: IssueContext,
  id: string,
  config: IssuerConfig,
  parentId: string,
  signer: Signer,
  subject: SubjectFields,
): Promise<Issued> {
  const profile = profileOf(context, config, "subordinate-ca");
  const parent = context.authorities.get(parentId);
  const { policies } = allowedProfile(context.config, parent, config.profile);
  const request = await buildCertificationRequest({
    subjectName: subject.subjectName,
    subjectPublicKeyInfo: subject.subjectPublicKeyInfo,
    signatureAlgorithm: signer.signatureAlgorithm,
    sign: (info) => signBytes(signer, info),
  });
  const { certificate } = await certify(
    context,
    parent,
    "certificate",
    profile.kind,
    request,
    (serialNumber) =>
      tbsCertificate(subject, issuanceTerms(context, parent, profile, policies, serialNumber)),
  );
  return { certificate, journal: await record(context, id, certificate, false) };
}

function profileOf(
  { config }: IssueContext,
  { profile: name }: IssuerConfig,
  kind: "root" | "subordinate-ca",
) {
  const profile = config.profiles[name];
  if (profile?.kind !== kind)
    throw new SekishoError("PROFILE_REFUSED", `profile ${name} is not of kind ${kind}`);
  return profile;
}

/** Records the CA under the next issuer number; a self-signed certificate is also the first one it issued. */
function record(
  { status }: IssueContext,
  id: string,
  certificate: Certificate,
  selfIssued: boolean,
): Promise<number> {
  return status.transact((transaction) => {
    let issuer = 1;
    while (transaction.issuerExists(issuer)) issuer++;
    const journal = transaction.append({ kind: "issuer", issuer, id, certificate: certificate.der });
    if (!selfIssued) return journal;
    return transaction.append({ kind: "changes", changes: [issueChange(issuer, certificate)] });
  });
}
