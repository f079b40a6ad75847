import assert from "node:assert/strict";
import { test } from "node:test";
import { OID } from "../../src/asn1/oid.js";
import { generalizedTime, time } from "../../src/asn1/time.js";
import { encode, sequence } from "../../src/asn1/writer.js";
import type { CertificateKind } from "../../src/lint/certificate/rule.js";
import { CERTIFICATE_RULES, lintCertificate } from "../../src/lint/certificate.js";
import { parseTbsCertificate, type TbsCertificate } from "../../src/x509/certificate.js";
import type { Extension } from "../../src/x509/extensions.js";
import { encodeName } from "../../src/x509/name.js";
import { tbsCertificate } from "../../src/x509/profile.js";
import { mutateTbs, type TbsChanges, withExtension, withoutExtension } from "../support/mutate-tbs.js";
import { TEST_NOW, TEST_PROFILES, TestCa, TestSigner } from "../support/test-ca.js";

const ca = new TestCa("p256");
const { subjectPublicKeyInfo } = new TestSigner("p256");
const rsaSigner = new TestSigner("rsa2048");
const subjectName = encodeName([["commonName", "good.example"]]);
const alternativeNames = [{ kind: "dns", value: "good.example" }] as const;

const issued = (profile: (typeof TEST_PROFILES)[keyof typeof TEST_PROFILES], names = false): Uint8Array =>
  tbsCertificate(
    { subjectName, subjectPublicKeyInfo, alternativeNames: names ? alternativeNames : [] },
    ca.terms(profile, { policies: ["1.2.392.200091.100.901.9"] }),
  );

interface Subject {
  readonly kind: CertificateKind;
  readonly tbs: Uint8Array;
  readonly issuer: TbsCertificate | undefined;
}

const GOOD = {
  root: { kind: "root", tbs: ca.certificate.tbsCertificate, issuer: undefined },
  subordinateCa: { kind: "subordinate-ca", tbs: issued(TEST_PROFILES.subordinateCa), issuer: ca.certificate },
  responder: { kind: "ocsp-responder", tbs: issued(TEST_PROFILES.ocspResponder), issuer: ca.certificate },
  server: { kind: "end-entity", tbs: issued(TEST_PROFILES.tlsServer, true), issuer: ca.certificate },
  timeStamping: { kind: "end-entity", tbs: issued(TEST_PROFILES.timeStamping), issuer: ca.certificate },
  timeAuthority: { kind: "end-entity", tbs: issued(TEST_PROFILES.timeAuthority), issuer: ca.certificate },
} as const satisfies Record<string, Subject>;

for (const [name, { tbs, issuer, kind }] of Object.entries(GOOD))
  test(`what the profile ${name} makes breaks no rule`, () => {
    assert.deepEqual(lintCertificate(tbs, issuer, kind), []);
  });

type Mutation = (good: TbsCertificate) => TbsChanges;
const bytes = (hexText: string): Uint8Array => Buffer.from(hexText, "hex");
const extensions =
  (change: (extensions: readonly Extension[]) => Extension[]): Mutation =>
  (good) => ({ extensions: change(good.extensions) });
const set = (oid: string, change: Parameters<typeof withExtension>[2]): Mutation =>
  extensions((all) => withExtension(all, oid, change));
const drop = (oid: string): Mutation => extensions((all) => withoutExtension(all, oid));
const issuerLike = (change: Partial<TbsCertificate>): Subject => ({
  ...GOOD.subordinateCa,
  issuer: { ...ca.certificate, ...change },
});

/** The same EC key with its last octet changed: a point beside the curve. */
function offCurve(subjectPublicKeyInfo: Uint8Array): Uint8Array {
  const changed = Uint8Array.from(subjectPublicKeyInfo);
  changed[changed.length - 1] = (changed.at(-1) as number) ^ 1;
  return changed;
}

const CA_TRUE = "30030101ff";
const KEY_CERT_SIGN_CRL_SIGN = "03020106";
const POLICIES_1_2_3_TWICE = "300c300406022a03300406022a03";
/** cRLDistributionPoints of one fullName URI "ftp:x". */
const CDP_FTP = "300d300ba009a00786056674703a78";
/** The same with http:x and a cRLIssuer of an empty directoryName. */
const CDP_CRL_ISSUER = "3013" + "3011" + "a009a0078605" + "6674703a78" + "a204" + "a4023000";
/** authorityInfoAccess of one id-ad-ocsp with the URI "ftp:x". */
const AIA_FTP = "3013301106082b0601050507300186056674703a78";
const OCSP_AND_SERVER_AUTH = "301406082b0601050507030906082b06010505070301";
const ANY_PURPOSE = "30060604551d2500";
const TWO_COMMON_NAMES = "301a" + "3118" + "300a06035504030c03616161" + "300a06035504030c03626262";

/** For every rule a good TBSCertificate and the smallest change that breaks the rule. */
const BROKEN: Record<string, readonly [Subject, Mutation]> = {
  "itu.invalid_asn1_syntax": [GOOD.server, set(OID.cRLDistributionPoints, { value: "3080" })],
  e_serial_number_not_positive: [GOOD.server, () => ({ serialInteger: bytes("8001020304050607") })],
  e_serial_number_longer_than_20_octets: [GOOD.server, () => ({ serialInteger: new Uint8Array(21).fill(1) })],
  "sekisho.serial_number_too_short": [GOOD.server, () => ({ serialInteger: bytes("01020304050607") })],
  e_sub_cert_or_sub_ca_using_sha1: [GOOD.server, () => ({ signature: bytes("300906072a8648ce3d0401") })],
  "sekisho.signature_algorithm_not_of_issuer_key": [
    GOOD.server,
    () => ({ signature: rsaSigner.signatureAlgorithm }),
  ],
  "pkix.name_empty": [GOOD.server, () => ({ subjectName: bytes("3000") })],
  "sekisho.issuer_name_not_of_issuer": [GOOD.server, () => ({ issuerName: subjectName })],
  "pkix.rdn_contains_duplicate_attribute_types": [
    GOOD.server,
    () => ({ subjectName: bytes(TWO_COMMON_NAMES) }),
  ],
  e_validity_time_not_positive: [
    GOOD.server,
    () => ({ validity: encode(sequence(time(TEST_NOW), time(TEST_NOW - 1))) }),
  ],
  "sekisho.validity_outside_issuers": [
    GOOD.server,
    () => ({ validity: encode(sequence(time(TEST_NOW), time(ca.certificate.notAfter + 1))) }),
  ],
  "pkix.wrong_time_useful_type": [
    GOOD.server,
    () => ({ validity: encode(sequence(time(TEST_NOW), generalizedTime(TEST_NOW + 60))) }),
  ],
  "pkix.duplicate_extension": [GOOD.server, extensions((all) => [...all, ...all.slice(-1)])],
  "sekisho.public_key_weak": [
    GOOD.server,
    ({ subjectPublicKeyInfo }) => ({ subjectPublicKeyInfo: offCurve(subjectPublicKeyInfo) }),
  ],
  "sekisho.authority_key_identifier_not_of_issuer": [
    GOOD.server,
    set(OID.authorityKeyIdentifier, { value: `30168014${"11".repeat(20)}` }),
  ],
  e_ext_subject_key_identifier_missing_ca: [GOOD.subordinateCa, drop(OID.subjectKeyIdentifier)],
  e_ext_subject_key_identifier_critical: [GOOD.server, set(OID.subjectKeyIdentifier, { critical: true })],
  e_ca_is_ca: [GOOD.subordinateCa, drop(OID.basicConstraints)],
  e_basic_constraints_not_critical: [GOOD.subordinateCa, set(OID.basicConstraints, { critical: false })],
  e_path_len_constraint_improperly_included: [
    GOOD.subordinateCa,
    set(OID.basicConstraints, { value: "3003020100" }),
  ],
  "sekisho.path_length_beyond_issuers": [
    issuerLike({ basicConstraints: { cA: true, pathLenConstraint: 0 } }),
    () => ({}),
  ],
  "sekisho.issuer_may_not_sign_certificates": [
    issuerLike({ keyUsage: new Set(["cRLSign"] as const) }),
    () => ({}),
  ],
  "sekisho.key_usage_missing": [GOOD.server, drop(OID.keyUsage)],
  "sekisho.key_usage_not_critical": [GOOD.server, set(OID.keyUsage, { critical: false })],
  "sekisho.key_usage_trailing_zero_bits": [GOOD.server, set(OID.keyUsage, { value: "03020680" })],
  e_ca_key_cert_sign_not_set: [GOOD.subordinateCa, set(OID.keyUsage, { value: "03020102" })],
  e_ca_crl_sign_not_set: [GOOD.subordinateCa, set(OID.keyUsage, { value: "03020204" })],
  "sekisho.ca_key_usage_not_allowed": [GOOD.subordinateCa, set(OID.keyUsage, { value: "03020126" })],
  e_ext_key_usage_cert_sign_without_ca: [GOOD.server, set(OID.keyUsage, { value: KEY_CERT_SIGN_CRL_SIGN })],
  "sekisho.basic_constraints_ca_not_of_kind": [GOOD.server, set(OID.basicConstraints, { value: CA_TRUE })],
  w_root_ca_contains_cert_policy: [GOOD.root, set(OID.certificatePolicies, { value: POLICIES_1_2_3_TWICE })],
  e_ext_cert_policy_duplicate: [GOOD.server, set(OID.certificatePolicies, { value: POLICIES_1_2_3_TWICE })],
  "sekisho.root_has_crl_distribution_points": [GOOD.root, set(OID.cRLDistributionPoints, { value: CDP_FTP })],
  e_sub_ca_crl_distribution_points_missing: [GOOD.subordinateCa, drop(OID.cRLDistributionPoints)],
  e_sub_ca_crl_distribution_points_marked_critical: [
    GOOD.subordinateCa,
    set(OID.cRLDistributionPoints, { critical: true }),
  ],
  e_sub_ca_crl_distribution_points_does_not_contain_url: [
    GOOD.subordinateCa,
    set(OID.cRLDistributionPoints, { value: CDP_FTP }),
  ],
  e_missing_crl_distrib_point: [GOOD.server, drop(OID.cRLDistributionPoints)],
  e_crl_distrib_points_not_http: [GOOD.server, set(OID.cRLDistributionPoints, { value: CDP_FTP })],
  e_crlissuer_must_not_be_present_in_cdp: [
    GOOD.server,
    set(OID.cRLDistributionPoints, { value: CDP_CRL_ISSUER }),
  ],
  e_aia_ocsp_must_have_http_only: [GOOD.server, set(OID.authorityInfoAccess, { value: AIA_FTP })],
  "sekisho.authority_info_access_incomplete": [GOOD.server, drop(OID.authorityInfoAccess)],
  e_ext_san_missing: [GOOD.server, drop(OID.subjectAltName)],
  "sekisho.time_stamping_purpose_not_alone_and_critical": [
    GOOD.timeStamping,
    set(OID.extKeyUsage, { critical: false }),
  ],
  "sekisho.ocsp_signing_outside_responder": [GOOD.server, set(OID.extKeyUsage, { value: ANY_PURPOSE })],
  "sekisho.ocsp_responder_purpose_not_alone": [
    GOOD.responder,
    set(OID.extKeyUsage, { value: OCSP_AND_SERVER_AUTH }),
  ],
  e_ocsp_id_pkix_ocsp_nocheck_ext_not_included_server_auth: [GOOD.responder, drop(OID.idPkixOcspNocheck)],
  e_ocsp_cert_cdp_forbidden: [GOOD.responder, set(OID.cRLDistributionPoints, { value: CDP_FTP })],
  e_ocsp_cert_cp_forbidden: [GOOD.responder, set(OID.certificatePolicies, { value: "3006300406022a03" })],
  e_ocsp_cert_invalid_ku: [GOOD.responder, set(OID.keyUsage, { critical: false })],
  "cabf.serverauth.ocsp_responder.digitalsignature_bit_missing": [
    GOOD.responder,
    set(OID.keyUsage, { value: "03020640" }),
  ],
  "cabf.serverauth.ocsp_responder.prohibited_ku_present": [
    GOOD.responder,
    set(OID.keyUsage, { value: "030206c0" }),
  ],
  "cabf.serverauth.ocsp_responder.basic_constraints_ca_bit_set": [
    GOOD.responder,
    set(OID.basicConstraints, { value: CA_TRUE }),
  ],
  "sekisho.ocsp_responder_extension_not_allowed": [
    GOOD.responder,
    set(OID.authorityInfoAccess, { value: AIA_FTP }),
  ],
};

for (const [rule, [{ tbs, issuer, kind }, mutation]] of Object.entries(BROKEN))
  test(`the lint finds ${rule}`, () => {
    const changed = mutateTbs(tbs, mutation(parseTbsCertificate(tbs)));
    const rules = lintCertificate(changed, issuer, kind).map(({ rule }) => rule);
    assert.ok(rules.includes(rule), `found only: ${rules.join(", ")}`);
  });

test("every rule has a fixture that breaks it, and its own name", () => {
  const names = ["itu.invalid_asn1_syntax", ...CERTIFICATE_RULES.map(({ name }) => name)];
  assert.deepEqual(names.toSorted(), Object.keys(BROKEN).toSorted());
});

test("bytes that are no TBSCertificate are one finding", () => {
  const findings = lintCertificate(GOOD.server.tbs.subarray(0, -1), ca.certificate, "end-entity");
  assert.deepEqual(
    findings.map(({ rule }) => rule),
    ["itu.invalid_asn1_syntax"],
  );
});
