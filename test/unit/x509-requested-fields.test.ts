import assert from "node:assert/strict";
import { test } from "node:test";
import { OID, oid } from "../../src/asn1/oid.js";
import { TAG } from "../../src/asn1/tags.js";
import { constructed, type Der, encode, primitive, sequence } from "../../src/asn1/writer.js";
import { hex } from "../../src/core/bytes.js";
import type { ProfileConfig } from "../../src/core/config.js";
import { parseCertificationRequest } from "../../src/x509/certification-request.js";
import { encodeName, requestedSubject } from "../../src/x509/name.js";
import { grantedFields } from "../../src/x509/requested-fields.js";
import { craftRequest, extensionRequest } from "../support/craft-request.js";
import { TEST_PROFILES } from "../support/test-ca.js";

const COMMON_NAME = "2.5.4.3";
const COUNTRY = "2.5.4.6";
const LOCALITY = "2.5.4.7";
const ORGANIZATION = "2.5.4.10";
const TELETEX_STRING = 0x14;
const BMP_STRING = 0x1e;
const SAN_DNS = "300e820c676f6f642e6578616d706c65"; // dNSName good.example

const value = (tag: number, text: string): Der => primitive(tag, Buffer.from(text, "utf8"));
const pair = (type: string, text: Der): Der => sequence(oid(type), text);
const name = (...rdns: readonly (readonly Der[])[]): Uint8Array =>
  encode(sequence(...rdns.map((pairs) => constructed(TAG.SET, ...pairs))));
const one = (type: string, tag: number, text: string): Uint8Array => name([pair(type, value(tag, text))]);

const FIELDS = TEST_PROFILES.tlsServer.subjectFields;

test("a subject is written anew: PrintableString for the country, UTF8String otherwise", () => {
  const asked = name(
    [pair(ORGANIZATION, value(TAG.PRINTABLE_STRING, "Sekisho"))],
    [pair(COUNTRY, value(TAG.UTF8_STRING, "JP"))],
  );
  const expected = encodeName([
    ["organization", "Sekisho"],
    ["country", "JP"],
  ]);
  assert.equal(hex(requestedSubject(asked, FIELDS)), hex(expected));
  assert.match(hex(expected), /060355040613024a50/);
  assert.match(hex(expected), /060355040a0c07/);
});

const REFUSED_SUBJECTS: readonly (readonly [string, Uint8Array, RegExp])[] = [
  [
    "a field that the profile does not list",
    one(LOCALITY, TAG.UTF8_STRING, "Tokyo"),
    /^locality is not allowed/,
  ],
  ["an unknown attribute", one("2.5.4.12", TAG.UTF8_STRING, "Dr"), /^2\.5\.4\.12 is not allowed/],
  ["NUL", one(COMMON_NAME, TAG.UTF8_STRING, "good.example\0.evil"), /^commonName has a control character/],
  ["a line end", one(COMMON_NAME, TAG.UTF8_STRING, "a\nb"), /^commonName has a control character/],
  ["65 characters", one(COMMON_NAME, TAG.UTF8_STRING, "x".repeat(65)), /^commonName needs 1 to 64/],
  ["no characters", one(COMMON_NAME, TAG.UTF8_STRING, ""), /^commonName needs 1 to 64/],
  ["three letters of country", one(COUNTRY, TAG.PRINTABLE_STRING, "JPN"), /^country needs 1 to 2/],
  ["small letters of country", one(COUNTRY, TAG.PRINTABLE_STRING, "jp"), /^country is not two capital/],
  ["BMPString", one(COMMON_NAME, BMP_STRING, "\0a\0b"), /^commonName is neither|^subject is not well/],
  ["TeletexString", one(COMMON_NAME, TELETEX_STRING, "abc"), /^commonName is neither|^subject is not well/],
  [
    "a PrintableString with @",
    one(COMMON_NAME, TAG.PRINTABLE_STRING, "a@b"),
    /PrintableString does not know/,
  ],
  [
    "broken UTF-8",
    name([pair(COMMON_NAME, primitive(TAG.UTF8_STRING, Buffer.from([0x61, 0xff])))]),
    /not well encoded/,
  ],
  [
    "a value that the library reads and cannot write",
    name([pair(COMMON_NAME, primitive(TAG.UTC_TIME, Buffer.from("good.ex\x05\x05ample")))]),
    /not well encoded/,
  ],
  ["an empty name", name(), /^subject is empty/],
  [
    "a field twice",
    name([pair(COMMON_NAME, value(TAG.UTF8_STRING, "a"))], [pair(COMMON_NAME, value(TAG.UTF8_STRING, "b"))]),
    /^commonName stands twice/,
  ],
  [
    "a multi-valued RDN",
    name([pair(COMMON_NAME, value(TAG.UTF8_STRING, "a")), pair(ORGANIZATION, value(TAG.UTF8_STRING, "b"))]),
    /multi-valued/,
  ],
];

for (const [what, subject, message] of REFUSED_SUBJECTS)
  test(`a subject with ${what} is refused (I18, P27)`, () => {
    assert.throws(() => requestedSubject(subject, FIELDS), { code: "CSR_FIELD", message });
  });

test("64 characters count, not octets", () => {
  assert.ok(requestedSubject(one(COMMON_NAME, TAG.UTF8_STRING, "関".repeat(64)), FIELDS).length > 192);
});

function granted(profile: ProfileConfig, ...extensions: readonly (readonly [string, string])[]) {
  const attributes = extensions.length > 0 ? [extensionRequest(...extensions)] : [];
  return grantedFields(parseCertificationRequest(craftRequest({ attributes })), profile);
}

const dns = (text: string): [string, string] => {
  const names = sequence(primitive(0x82, Buffer.from(text, "latin1")));
  return [OID.subjectAltName, hex(encode(names))];
};
const ANY_NAMES: ProfileConfig = {
  ...TEST_PROFILES.tlsServer,
  subjectAltName: ["dns", "ip", "email", "uri"],
};
const generalName = (tag: number, content: string): [string, string] => {
  const names = sequence(primitive(tag, Buffer.from(content, "latin1")));
  return [OID.subjectAltName, hex(encode(names))];
};

test("names of the allowed kinds are granted", () => {
  for (const text of ["localhost", "good.example", "*.good.example", "xn--vvx.example", "a-1.b.c"])
    assert.deepEqual(granted(TEST_PROFILES.tlsServer, dns(text)).alternativeNames, [
      { kind: "dns", value: text },
    ]);
  const rest = [
    [generalName(0x87, "\x7f\0\0\x01"), { kind: "ip", value: "127.0.0.1" }],
    [generalName(0x81, "ca@good.example"), { kind: "email", value: "ca@good.example" }],
    [generalName(0x86, "urn://good.example/x"), { kind: "uri", value: "urn://good.example/x" }],
  ] as const;
  for (const [wish, expected] of rest)
    assert.deepEqual(granted(ANY_NAMES, wish).alternativeNames, [expected]);
});

test("names that are not well formed are refused (I18)", () => {
  const hosts = [
    "",
    ".",
    "a..b",
    "a.b.",
    "-a.b",
    "a-.b",
    "a_b.c",
    "*",
    "a*.b",
    "*.*.b",
    "a.*.b",
    "a b",
    "a\0.b",
    "é.b",
    "10.0.0.1",
  ];
  for (const text of [...hosts, "x".repeat(64), `${"a.".repeat(127)}ab`])
    assert.throws(
      () => granted(TEST_PROFILES.tlsServer, dns(text)),
      { code: "CSR_FIELD", message: /dns name/ },
      text,
    );
  const others = [
    generalName(0x87, "\x7f\0\0"),
    generalName(0x87, "\x7f\0\0\x01\xff\xff\xff\0"),
    generalName(0x81, "ca@good.example@evil"),
    generalName(0x81, "ca"),
    generalName(0x86, "no scheme"),
    generalName(0x86, "http://a\0b"),
  ];
  for (const wish of others) assert.throws(() => granted(ANY_NAMES, wish), { code: "CSR_FIELD" }, wish[1]);
});

test("kinds of names that the profile does not list are refused (I18)", () => {
  const mailbox = generalName(0x81, "ca@good.example");
  assert.throws(() => granted(TEST_PROFILES.tlsServer, mailbox), {
    code: "CSR_FIELD",
    message: /kind email/,
  });
  const registeredId = generalName(0x88, "\x2a\x03");
  assert.throws(() => granted(ANY_NAMES, registeredId), { code: "CSR_FIELD", message: /kind other/ });
  assert.throws(() => granted(TEST_PROFILES.timeStamping, dns("a.b")), {
    code: "CSR_FIELD",
    message: /kind dns/,
  });
});

test("a TLS server certificate needs a name", () => {
  assert.throws(() => granted(TEST_PROFILES.tlsServer), {
    code: "CSR_FIELD",
    message: /subjectAltName is missing/,
  });
  const none: [string, string] = [OID.subjectAltName, "3000"];
  assert.throws(() => granted(TEST_PROFILES.tlsServer, none), {
    code: "CSR_FIELD",
    message: /subjectAltName/,
  });
});

test("BER inside an extension's value is refused before the library sees it", () => {
  const indefinite: [string, string] = [OID.subjectAltName, "3080820161" + "0000"];
  assert.throws(() => granted(TEST_PROFILES.tlsServer, indefinite), {
    code: "DER_INVALID",
    message: /indefinite/,
  });
});

test("usages are granted as far as the profile has them, and refused beyond (I18)", () => {
  const san: [string, string] = [OID.subjectAltName, SAN_DNS];
  const { tlsServer } = TEST_PROFILES;
  granted(tlsServer, san, [OID.keyUsage, "030205a0"], [OID.basicConstraints, "3000"]);
  granted(tlsServer, san, [OID.extKeyUsage, "300a06082b06010505070301"]);
  const refused: readonly (readonly [[string, string], RegExp])[] = [
    [[OID.keyUsage, "03020106"], /keyUsage keyCertSign/],
    [[OID.extKeyUsage, "300a06082b06010505070309"], /extKeyUsage 1\.3\.6\.1\.5\.5\.7\.3\.9/],
    [[OID.basicConstraints, "30030101ff"], /basicConstraints cA/],
    [[OID.certificatePolicies, "3006300406022a03"], /extension 2\.5\.29\.32/],
    [["1.2.3.4", "0500"], /extension 1\.2\.3\.4/],
  ];
  for (const [wish, message] of refused)
    assert.throws(() => granted(tlsServer, san, wish), { code: "CSR_FIELD", message });
  granted(TEST_PROFILES.subordinateCa, [OID.basicConstraints, "30030101ff"]);
});
