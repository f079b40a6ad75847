import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OID, oid } from "../../src/asn1/oid.js";
import { contextConstructed, contextPrimitive, TAG } from "../../src/asn1/tags.js";
import { generalizedTime, time } from "../../src/asn1/time.js";
import { constructed, type Der, encoded, integer, primitive, sequence } from "../../src/asn1/writer.js";
import type { LintedCrl } from "../../src/lint/crl/rule.js";
import { CRL_RULES, type CrlLintOptions, lintCrl } from "../../src/lint/crl.js";
import { buildTbsCertList, entry, SHA256_WITH_RSA } from "../support/crl.js";
import {
  DAY,
  extension,
  flag,
  freshestValue,
  idpValue,
  type RawCrl,
  rawCertificateList,
  rawEntry,
  rawTbsCertList,
  reasonExtension,
  uriName,
} from "../support/raw-crl.js";
import { TEST_NOW, TestCa } from "../support/test-ca.js";

const { certificate: issuer, signer } = new TestCa("p256");
const keyIdentifier = primitive(contextPrimitive(0), issuer.subjectKeyIdentifier as Uint8Array);
const certIssuer = constructed(contextConstructed(1), uriName("http://a"));
const certSerial = primitive(contextPrimitive(2), Uint8Array.of(1));

const aki = (...fields: Der[]): Der => extension(OID.authorityKeyIdentifier, sequence(...fields));
const number = (value: Der, critical = false): Der => extension(OID.cRLNumber, value, critical);
const AKI = aki(keyIdentifier);
const NUMBER = number(integer(5));
const BASE_NUMBER = extension(OID.deltaCRLIndicator, integer(3), true);
const FRESHEST = extension(OID.freshestCRL, freshestValue("http://a/d.crl"));
const REVOKED = time(TEST_NOW - 60);

const GOOD: RawCrl = {
  signature: encoded(signer.signatureAlgorithm),
  outerAlgorithm: encoded(signer.signatureAlgorithm),
  issuerName: encoded(issuer.subjectName),
  thisUpdate: time(TEST_NOW),
  nextUpdate: time(TEST_NOW + 10 * DAY - 1),
  extensions: [AKI, NUMBER],
};

const PKIX: CrlLintOptions = { form: "CertificateList", profile: "pkix", subjects: "subscriber", issuer };
const BR: CrlLintOptions = { ...PKIX, profile: "cabf-br" };
const BR_CA: CrlLintOptions = { ...BR, subjects: "ca" };

function findings(fields: RawCrl, options = PKIX): string[] {
  return lintCrl([rawCertificateList({ ...GOOD, ...fields })], options).map(({ rule }) => rule);
}

const withExtensions = (...extensions: Der[]): RawCrl => ({ extensions });
const withIdp = (value: Der, critical = true): RawCrl =>
  withExtensions(AKI, NUMBER, extension(OID.issuingDistributionPoint, value, critical));
const withEntries = (...entries: Der[]): RawCrl => ({ entries });
const withReason = (reason: number, critical = false): RawCrl =>
  withEntries(rawEntry(9, REVOKED, reasonExtension(reason, critical)));
const issuedBy = (change: Partial<LintedCrl["issuer"]>): CrlLintOptions => ({
  ...PKIX,
  issuer: { ...issuer, ...change },
});
const integerOf = (hex: string): Der => encoded(Buffer.from(hex, "hex"));

/** A relative distinguished name with two common names. */
const TWO_COMMON_NAMES = sequence(
  constructed(
    TAG.SET,
    ...["a", "b"].map((text) => sequence(oid("2.5.4.3"), primitive(TAG.UTF8_STRING, Buffer.from(text)))),
  ),
);
const UNREADABLE_IDP = withIdp(sequence(flag(1), flag(1)));

/** For every rule the smallest change of a good list that breaks it, in the profile where it holds. */
const BROKEN: Record<string, [RawCrl, CrlLintOptions?]> = {
  "itu.invalid_asn1_syntax": [UNREADABLE_IDP],
  "pkix.crl_version_missing": [{ version: undefined, extensions: undefined }],
  "pkix.crl_version_is_not_v2": [{ version: integer(0), extensions: undefined }],
  "pkix.crl_signature_algorithm_match": [{ outerAlgorithm: encoded(SHA256_WITH_RSA) }],
  e_crl_sigalgo_missing_null_params: [{ signature: sequence(oid(OID.sha256WithRSAEncryption)) }],
  "sekisho.crl_signature_not_of_issuer_key": [{ signature: encoded(SHA256_WITH_RSA) }],
  "pkix.name_empty": [{ issuerName: sequence() }],
  "sekisho.crl_issuer_name_not_of_issuer": [{ issuerName: TWO_COMMON_NAMES }],
  "pkix.rdn_contains_duplicate_attribute_types": [{ issuerName: TWO_COMMON_NAMES }],
  "sekisho.crl_issuer_may_not_sign": [{}, issuedBy({ keyUsage: new Set(["keyCertSign"]) })],
  e_crl_has_next_update: [{ nextUpdate: undefined }],
  "pkix.crl_negative_validity_period": [{ nextUpdate: time(TEST_NOW) }],
  "sekisho.crl_next_update_after_issuer": [{}, issuedBy({ notAfter: TEST_NOW + 10 * DAY - 2 })],
  "pkix.wrong_time_useful_type": [{ thisUpdate: generalizedTime(TEST_NOW) }],
  e_crl_has_authority_key_identifier: [withExtensions(NUMBER)],
  "pkix.authority_key_identifier_keyid_missing": [withExtensions(aki(certIssuer, certSerial), NUMBER)],
  "pkix.aki_with_cert_issuer_but_serial_number_absent": [
    withExtensions(aki(keyIdentifier, certIssuer), NUMBER),
  ],
  "pkix.aki_with_serial_number_but_cert_issuer_absent": [
    withExtensions(aki(keyIdentifier, certSerial), NUMBER),
  ],
  e_crl_auth_key_id_only_contains_keyid: [withExtensions(aki(keyIdentifier, certIssuer, certSerial), NUMBER)],
  "sekisho.crl_key_identifier_not_of_issuer": [{}, issuedBy({ subjectKeyIdentifier: new Uint8Array(20) })],
  e_crl_missing_crl_number: [withExtensions(AKI)],
  "pkix.crl_number_extension_critical": [withExtensions(AKI, number(integer(5), true))],
  e_crl_number_out_of_range: [withExtensions(AKI, number(integer(2n ** 159n)))],
  e_crl_extensions_validity: [withIdp(idpValue("http://a/1.crl"), false)],
  e_crl_no_duplicate_extensions: [withExtensions(AKI, NUMBER, NUMBER)],
  e_crl_revoked_certificate_crl_entry_has_no_duplicate_extensions: [
    withEntries(rawEntry(1, REVOKED, reasonExtension(1), reasonExtension(1))),
  ],
  e_crl_empty_revoked_certificates: [withEntries()],
  e_crl_unique_revoked_certificate: [withEntries(rawEntry(7, REVOKED), rawEntry(7, REVOKED))],
  "sekisho.crl_serials_not_ascending": [withEntries(rawEntry(0x100, REVOKED), rawEntry(0xff, REVOKED))],
  "pkix.certificate_serial_number_out_of_range": [withEntries(rawEntry(0, REVOKED))],
  e_crl_revocation_time_after_this_update: [withEntries(rawEntry(1, time(TEST_NOW + 1)))],
  e_crl_revocation_date_too_early: [withEntries(rawEntry(1, time(Date.UTC(1998, 11, 31) / 1000)))],
  e_crl_has_valid_reason_code: [withReason(7)],
  "pkix.crl_unspecified_crl_entry_reason_code": [withReason(0)],
  "sekisho.crl_remove_from_crl_outside_delta": [withReason(8)],
  "pkix.crl_reason_code_extension_critical": [withReason(1, true)],
  e_cab_crl_has_valid_reason_code: [withReason(6), BR],
  "sekisho.crl_ca_entry_without_reason": [withEntries(rawEntry(1, REVOKED)), BR_CA],
  "sekisho.crl_extension_not_recommended": [withExtensions(AKI, NUMBER, FRESHEST), BR],
  e_crl_is_not_delta: [withExtensions(AKI, NUMBER, BASE_NUMBER), BR],
  e_crl_has_no_aia: [withExtensions(AKI, NUMBER, extension(OID.authorityInfoAccess, sequence())), BR],
  e_crl_has_no_cert_issuers: [
    {
      ...withIdp(idpValue(undefined, flag(4))),
      ...withEntries(rawEntry(1, REVOKED, extension("2.5.29.29", sequence(uriName("x:y")), true))),
    },
  ],
  e_crl_next_update_invalid: [{ nextUpdate: time(TEST_NOW + 10 * DAY) }, BR],
  "cabf.arl_invalid_validity_period": [{ nextUpdate: time(TEST_NOW + 365 * DAY) }, BR_CA],
  "sekisho.crl_scope_contradictory": [withIdp(idpValue(undefined, flag(1), flag(2)))],
  "pkix.invalid_uri_syntax": [withIdp(idpValue("ldap://a/x"))],
  "sekisho.crl_freshest_in_delta": [withExtensions(AKI, NUMBER, BASE_NUMBER, FRESHEST)],
};

/** Names in standards O2 to O4, O8, O9 and O11, without the rules named below. */
const NAMES_IN_STANDARDS = `
  e_crl_empty_revoked_certificates e_crl_revoked_certificates_field_must_be_empty e_crl_has_authority_key_identifier
  e_crl_has_next_update e_crl_missing_crl_number e_crl_revocation_time_after_this_update
  e_crl_sigalgo_missing_null_params e_crl_has_valid_reason_code
  e_cab_crl_has_valid_reason_code e_cab_crl_reason_code_not_critical e_crl_auth_key_id_only_contains_keyid
  e_crl_extensions_validity e_crl_next_update_invalid e_crl_number_out_of_range
  e_crl_no_duplicate_extensions e_crl_revoked_certificate_crl_entry_has_no_duplicate_extensions
  e_crl_unique_revoked_certificate e_crl_revocation_date_too_early
  pkix.crl_version_missing pkix.crl_version_is_not_v2 pkix.crl_number_missing pkix.crl_number_extension_critical
  pkix.crl_number_out_of_range pkix.authority_key_identifier_missing pkix.authority_key_identifier_keyid_missing
  pkix.aki_with_cert_issuer_but_serial_number_absent pkix.aki_with_serial_number_but_cert_issuer_absent
  pkix.crl_signature_algorithm_match pkix.crl_revoked_certificates_empty pkix.crl_unspecified_crl_entry_reason_code
  pkix.crl_reason_code_extension_critical pkix.crl_negative_validity_period
  pkix.certificate_serial_number_out_of_range pkix.duplicate_extension pkix.name_empty
  pkix.rdn_contains_duplicate_attribute_types pkix.wrong_time_useful_type pkix.validity_period_end_value_missing
  pkix.invalid_uri_syntax
  cabf.crl_invalid_validity_period cabf.arl_invalid_validity_period cabf.crl_prohibited_reason_code
  e_crl_has_aki e_crl_has_issuer_name e_crl_has_number e_crl_has_valid_timestamps
  e_crl_no_empty_revoked_certificates_list e_crl_acceptable_reason_codes e_crl_no_critical_reason_codes
  e_crl_validity_period e_crl_has_no_aia e_crl_has_no_cert_issuers e_crl_is_not_delta`;

describe("CRL lint", () => {
  for (const [rule, [fields, options]] of Object.entries(BROKEN))
    it(`finds ${rule}`, () => {
      const found = findings(fields, options);
      assert.ok(found.includes(rule), `found only: ${found.join(", ")}`);
    });

  it("every rule has a fixture that breaks it, and its own name", () => {
    const names = ["itu.invalid_asn1_syntax", ...CRL_RULES.map(({ names }) => names[0])];
    assert.deepEqual(names.toSorted(), Object.keys(BROKEN).toSorted());
  });

  it("knows every name of the standards list that applies (O2-O4, O8, O9, O11)", () => {
    // Left out: pkix.invalid_domain_name_syntax (no such name in our lists) and e_crl_has_idp (H16: full lists have none).
    const known = new Set(CRL_RULES.flatMap(({ names }) => names));
    const missing = NAMES_IN_STANDARDS.trim()
      .split(/\s+/)
      .filter((name) => !known.has(name));
    assert.deepEqual(missing, []);
  });

  it("finds nothing in good lists of each profile", () => {
    const entries = [
      rawEntry(1, REVOKED, reasonExtension(1)),
      rawEntry(integerOf(`0214${"7f".repeat(20)}`), REVOKED, reasonExtension(9)),
    ];
    for (const options of [PKIX, BR, BR_CA]) {
      assert.deepEqual(findings({}, options), []);
      assert.deepEqual(findings({ entries }, options), []);
      assert.deepEqual(findings({ entries, ...withIdp(idpValue("http://a/1.crl", flag(1))) }, options), []);
    }
    const hold = rawEntry(1, REVOKED, reasonExtension(6));
    const removed = rawEntry(2, REVOKED, reasonExtension(8));
    assert.deepEqual(findings({ entries: [hold], ...withExtensions(AKI, NUMBER, FRESHEST) }), []);
    assert.deepEqual(findings({ entries: [hold, removed], ...withExtensions(AKI, NUMBER, BASE_NUMBER) }), []);
  });

  it("finds nothing in what the layout makes, before it is signed", () => {
    const fields = {
      issuerName: issuer.subjectName,
      signatureAlgorithm: signer.signatureAlgorithm,
      thisUpdate: TEST_NOW,
      nextUpdate: TEST_NOW + 7 * DAY,
      cRLNumber: 1n,
      authorityKeyIdentifier: issuer.subjectKeyIdentifier as Uint8Array,
    };
    const entries = [entry("01"), entry("ff", { reasonCode: 4, invalidityDate: 1_600_000_000 })];
    const tbs = buildTbsCertList(fields, entries);
    assert.deepEqual(lintCrl([tbs], { ...BR, form: "tbsCertList" }), []);
    assert.deepEqual(
      lintCrl([tbs], BR).map(({ rule }) => rule),
      ["itu.invalid_asn1_syntax"],
    );
  });

  it("names the first entry that breaks a rule, once", () => {
    const late = time(TEST_NOW + 1);
    const tbs = rawTbsCertList({
      ...GOOD,
      entries: [rawEntry(1, REVOKED), rawEntry(0xab, late), rawEntry(0xcd, late)],
    });
    assert.deepEqual(lintCrl([tbs], { ...PKIX, form: "tbsCertList" }), [
      {
        rule: "e_crl_revocation_time_after_this_update",
        text: "a revocationDate is after thisUpdate (serial ab)",
      },
    ]);
  });

  it("serials of 20 octets end at 2^159 - 1", () => {
    const rule = ["pkix.certificate_serial_number_out_of_range"];
    assert.deepEqual(findings(withEntries(rawEntry(integerOf(`0215008${"0".repeat(39)}`), REVOKED))), rule);
    assert.deepEqual(findings(withEntries(rawEntry(integerOf(`0215${"01".repeat(21)}`), REVOKED))), rule);
  });
});
