import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OID, oid } from "../../src/asn1/oid.js";
import { contextConstructed, contextPrimitive, TAG } from "../../src/asn1/tags.js";
import { generalizedTime, time } from "../../src/asn1/time.js";
import {
  constructed,
  type Der,
  encode,
  encoded,
  integer,
  primitive,
  sequence,
} from "../../src/asn1/writer.js";
import type { LintedCrl } from "../../src/lint/crl/rule.js";
import { CRL_RULES, type CrlLintOptions, lintCrl } from "../../src/lint/crl.js";
import { buildTbsCertList, entry, SHA256_WITH_RSA } from "../support/crl.js";
import {
  DAY,
  extension,
  falseFlag,
  flag,
  freshestValue,
  idpValue,
  NAME,
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
const onlyFor = (change: Partial<CrlLintOptions>): CrlLintOptions => ({ ...PKIX, ...change });
const nextPublish = (seconds: number): RawCrl =>
  withExtensions(AKI, NUMBER, extension(OID.nextPublish, time(seconds)));
const invalidityDate = (seconds: number, critical = false): RawCrl =>
  withEntries(rawEntry(1, REVOKED, extension(OID.invalidityDate, generalizedTime(seconds), critical)));
const expiredCerts = (value: Der, critical = false): RawCrl =>
  withExtensions(AKI, NUMBER, extension(OID.expiredCertsOnCRL, value, critical));
const SHARD = "http://a/1.crl";
const WITHOUT_NULL = sequence(oid(OID.sha256WithRSAEncryption));
/** What a list without extensions breaks, and what every unusual extension breaks in the BR profile. */
const NO_EXTENSIONS = ["e_crl_has_authority_key_identifier", "e_crl_missing_crl_number"];
const NOT_RECOMMENDED = ["sekisho.crl_extension_not_recommended"];
const UNREADABLE_IDP = withIdp(sequence(flag(1), flag(1)));

/** A change of a good list, the options if not those of the PKIX profile, and which other rules it has to break. */
type Broken = readonly [RawCrl, CrlLintOptions?, (readonly string[])?];

/** For every rule the smallest change that breaks it and, where that can be, no other. */
const BROKEN: Record<string, Broken> = {
  "itu.invalid_asn1_syntax": [UNREADABLE_IDP],
  "pkix.crl_version_missing": [{ version: undefined, extensions: undefined }, PKIX, NO_EXTENSIONS],
  "pkix.crl_version_is_not_v2": [{ version: integer(0), extensions: undefined }, PKIX, NO_EXTENSIONS],
  "pkix.crl_signature_algorithm_match": [{ outerAlgorithm: encoded(SHA256_WITH_RSA) }],
  e_crl_sigalgo_missing_null_params: [
    { signature: WITHOUT_NULL, outerAlgorithm: WITHOUT_NULL },
    PKIX,
    ["sekisho.crl_signature_not_of_issuer_key"],
  ],
  "sekisho.crl_signature_not_of_issuer_key": [
    { signature: encoded(SHA256_WITH_RSA), outerAlgorithm: encoded(SHA256_WITH_RSA) },
  ],
  "pkix.name_empty": [{ issuerName: sequence() }, issuedBy({ subjectName: encode(sequence()) })],
  "sekisho.crl_issuer_name_not_of_issuer": [{ issuerName: NAME }],
  "pkix.rdn_contains_duplicate_attribute_types": [
    { issuerName: TWO_COMMON_NAMES },
    issuedBy({ subjectName: encode(TWO_COMMON_NAMES) }),
  ],
  "sekisho.crl_issuer_may_not_sign": [{}, issuedBy({ keyUsage: new Set(["keyCertSign"]) })],
  e_crl_has_next_update: [{ nextUpdate: undefined }],
  "pkix.crl_negative_validity_period": [{ nextUpdate: time(TEST_NOW) }],
  "sekisho.crl_next_update_after_issuer": [{}, issuedBy({ notAfter: TEST_NOW + 10 * DAY - 2 })],
  "pkix.wrong_time_useful_type": [{ thisUpdate: generalizedTime(TEST_NOW) }],
  e_crl_has_authority_key_identifier: [withExtensions(NUMBER)],
  "pkix.authority_key_identifier_keyid_missing": [
    withExtensions(aki(certIssuer, certSerial), NUMBER),
    PKIX,
    ["e_crl_auth_key_id_only_contains_keyid"],
  ],
  "pkix.aki_with_cert_issuer_but_serial_number_absent": [
    withExtensions(aki(keyIdentifier, certIssuer), NUMBER),
    PKIX,
    ["e_crl_auth_key_id_only_contains_keyid"],
  ],
  "pkix.aki_with_serial_number_but_cert_issuer_absent": [
    withExtensions(aki(keyIdentifier, certSerial), NUMBER),
    PKIX,
    ["e_crl_auth_key_id_only_contains_keyid"],
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
  e_crl_is_not_delta: [withExtensions(AKI, NUMBER, BASE_NUMBER), BR, NOT_RECOMMENDED],
  e_crl_has_no_aia: [
    withExtensions(AKI, NUMBER, extension(OID.authorityInfoAccess, sequence())),
    BR,
    NOT_RECOMMENDED,
  ],
  e_crl_has_no_cert_issuers: [
    {
      ...withIdp(idpValue(undefined, flag(4))),
      ...withEntries(rawEntry(1, REVOKED, extension("2.5.29.29", sequence(uriName("x:y")), true))),
    },
    PKIX,
    ["sekisho.crl_is_indirect"],
  ],
  e_crl_next_update_invalid: [{ nextUpdate: time(TEST_NOW + 10 * DAY) }, BR],
  "cabf.arl_invalid_validity_period": [{ nextUpdate: time(TEST_NOW + 365 * DAY) }, BR_CA],
  "sekisho.crl_scope_contradictory": [withIdp(idpValue(undefined, flag(5)))],
  "pkix.invalid_uri_syntax": [withIdp(idpValue("ldap://a/x"))],
  "sekisho.crl_scope_empty": [withIdp(sequence())],
  "sekisho.crl_scope_not_of_subjects": [withIdp(idpValue(undefined, flag(2)))],
  "sekisho.crl_only_some_reasons": [withIdp(sequence(primitive(contextPrimitive(3), Buffer.of(1, 0x40))))],
  "sekisho.crl_is_indirect": [withIdp(idpValue(undefined, flag(4)))],
  e_crl_has_idp: [withIdp(idpValue(undefined, flag(1))), onlyFor({ partition: SHARD })],
  "sekisho.crl_distribution_point_unexpected": [withIdp(idpValue(SHARD)), onlyFor({ partition: null })],
  "sekisho.crl_distribution_point_not_of_partition": [
    withIdp(idpValue("http://a/01.crl")),
    onlyFor({ partition: SHARD }),
  ],
  "sekisho.crl_kind_not_as_meant": [{}, onlyFor({ kind: "delta" })],
  "sekisho.crl_base_not_below_number": [
    withExtensions(AKI, NUMBER, extension(OID.deltaCRLIndicator, integer(5), true)),
  ],
  "sekisho.crl_invalidity_date_critical": [invalidityDate(TEST_NOW - DAY, true)],
  "sekisho.crl_invalidity_date_after_this_update": [invalidityDate(TEST_NOW + 1)],
  "sekisho.crl_expired_certs_after_this_update": [expiredCerts(generalizedTime(TEST_NOW + 1))],
  "sekisho.crl_next_publish_outside_validity": [nextPublish(TEST_NOW + 10 * DAY)],
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
  for (const [rule, [fields, options, others = []]] of Object.entries(BROKEN))
    it(`finds ${rule}`, () => {
      assert.deepEqual(findings(fields, options).toSorted(), [rule, ...others].toSorted());
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
      const kind = flag(options.subjects === "ca" ? 2 : 1);
      const shard = { entries, ...withIdp(idpValue(SHARD, kind)) };
      assert.deepEqual(findings(shard, { ...options, kind: "complete", partition: SHARD }), []);
    }
    const hold = rawEntry(1, REVOKED, reasonExtension(6));
    const removed = rawEntry(2, REVOKED, reasonExtension(8));
    assert.deepEqual(findings({ entries: [hold], ...withExtensions(AKI, NUMBER, FRESHEST) }), []);
    const delta = { entries: [hold, removed], ...withExtensions(AKI, NUMBER, BASE_NUMBER) };
    assert.deepEqual(findings(delta, onlyFor({ kind: "delta", partition: null })), []);
    assert.deepEqual(findings(expiredCerts(generalizedTime(TEST_NOW))), []);
    assert.deepEqual(findings(nextPublish(TEST_NOW + 10 * DAY - 1)), []);
    assert.deepEqual(findings(invalidityDate(TEST_NOW - DAY)), []);
  });

  it("finds the other ways to break a rule on scope, kind or form (H1, H9, H11, H12, H16, K3, K9, L6, G5)", () => {
    const delta = withExtensions(AKI, NUMBER, BASE_NUMBER);
    const critical = (oid: string, value: Der, flag: boolean) =>
      withExtensions(AKI, NUMBER, extension(oid, value, flag));
    const fullName = (...names: Der[]) =>
      sequence(constructed(contextConstructed(0), constructed(contextConstructed(0), ...names)));
    const cases: [RawCrl, CrlLintOptions, ...string[]][] = [
      [delta, onlyFor({ kind: "complete" }), "sekisho.crl_kind_not_as_meant"],
      [critical(OID.deltaCRLIndicator, integer(3), false), PKIX, "e_crl_extensions_validity"],
      [critical(OID.freshestCRL, freshestValue("http://a/d.crl"), true), PKIX, "e_crl_extensions_validity"],
      [expiredCerts(generalizedTime(TEST_NOW), true), PKIX, "e_crl_extensions_validity"],
      [expiredCerts(time(TEST_NOW)), PKIX, "itu.invalid_asn1_syntax"],
      [critical(OID.nextPublish, time(TEST_NOW + DAY), true), PKIX, "e_crl_extensions_validity"],
      [nextPublish(TEST_NOW), PKIX, "sekisho.crl_next_publish_outside_validity"],
      [critical(OID.deltaCRLIndicator, integerOf("0201ff"), true), PKIX, "sekisho.crl_base_not_below_number"],
      [withIdp(idpValue(undefined, falseFlag(1))), PKIX, "sekisho.crl_scope_empty"],
      [
        withIdp(idpValue(undefined, flag(1), flag(2))),
        PKIX,
        "sekisho.crl_scope_contradictory",
        "sekisho.crl_scope_not_of_subjects",
      ],
      [{}, onlyFor({ partition: SHARD }), "e_crl_has_idp"],
      [
        withIdp(fullName(uriName(SHARD), uriName("http://b/1.crl"))),
        onlyFor({ partition: SHARD }),
        "sekisho.crl_distribution_point_not_of_partition",
      ],
      [
        withIdp(fullName(primitive(contextPrimitive(2), Buffer.from("a")))),
        onlyFor({ partition: SHARD }),
        "pkix.invalid_uri_syntax",
      ],
      [
        withEntries(rawEntry(1, REVOKED, extension(OID.invalidityDate, time(TEST_NOW - DAY)))),
        PKIX,
        "itu.invalid_asn1_syntax",
      ],
    ];
    for (const [fields, options, ...rules] of cases) assert.deepEqual(findings(fields, options), rules);
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
