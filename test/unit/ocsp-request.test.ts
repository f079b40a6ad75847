import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { OID, oid } from "../../src/asn1/oid.js";
import { contextConstructed, contextPrimitive, TAG } from "../../src/asn1/tags.js";
import {
  bitString,
  constructed,
  type Der,
  encode,
  encoded,
  integer,
  nullValue,
  octetString,
  primitive,
  sequence,
} from "../../src/asn1/writer.js";
import {
  CERT_ID_HASHES,
  isMalformed,
  issuerKey,
  MAX_CERT_IDS,
  parseOcspRequest,
} from "../../src/ocsp/request.js";
import { OcspRequestError } from "../../src/ocsp/request-extensions.js";
import {
  acceptableResponses,
  type CertIDParts,
  certID,
  extension,
  integerContent,
  nonce,
  type OcspRequestParts,
  ocspRequest,
  request,
  unsigned,
} from "../support/ocsp-request.js";

const VALID = Buffer.from(ocspRequest());
const hexBytes = (hex: string): Buffer => Buffer.from(hex, "hex");
const ofCertID = (parts: CertIDParts): Uint8Array => ocspRequest({ requests: [request(certID(parts))] });
const withExtensions = (...extensions: readonly Der[]): Uint8Array => ocspRequest({ extensions });
const text = (value: string): Buffer => Buffer.from(value, "latin1");
const UNKNOWN_OID = "1.3.6.1.4.1.99999.7";

/** SEQUENCE nested so many times. */
function nested(depth: number): Der {
  return depth === 0 ? nullValue : sequence(nested(depth - 1));
}

/** A request with elements in [n] after requestList, whatever they are. */
const withTagged = (n: number, ...elements: readonly Der[]): Uint8Array =>
  encode(sequence(sequence(sequence(request()), constructed(contextConstructed(n), ...elements))));

const SIGNATURE = sequence(sequence(oid(OID.sha256WithRSAEncryption)), bitString(Buffer.of(1)));

/** Many cheap elements: what P6 and P7 bound. */
const repeated = (count: number, each: () => Der): Der[] => Array.from({ length: count }, () => each());
const distinctExtensions = (count: number): Der[] =>
  Array.from({ length: count }, (_, n) => extension(`${UNKNOWN_OID}.${n}`, nullValue));

/** A signed request whose signature is this BIT STRING element. */
const withSignatureBits = (element: Uint8Array): Uint8Array =>
  encode(
    sequence(
      sequence(sequence(request())),
      constructed(
        contextConstructed(0),
        sequence(sequence(oid(OID.sha256WithRSAEncryption), nullValue), encoded(element)),
      ),
    ),
  );

/** Rows of the table of bad inputs that end in malformedRequest. */
const MALFORMED: readonly (readonly [standard: string, what: string, bytes: Uint8Array])[] = [
  ["P1", "empty body", new Uint8Array(0)],
  ["P1", "text", text("GET / HTTP/1.1\r\n")],
  ["P1", "SET outside", encode(constructed(TAG.SET, sequence(sequence(request()))))],
  ["P1", "a certificate list instead of a request", encode(sequence(sequence(integer(1))))],
  ["P2", "indefinite length outside", Buffer.concat([hexBytes("3080"), VALID.subarray(2), hexBytes("0000")])],
  ["P3", "length that is not minimal", Buffer.concat([hexBytes("3081"), VALID.subarray(1)])],
  [
    "P3",
    "length beyond the bytes",
    Buffer.concat([Buffer.of(0x30, (VALID[1] as number) + 1), VALID.subarray(2)]),
  ],
  ["P3", "length 2^31", Buffer.concat([hexBytes("308480000000"), VALID.subarray(2)])],
  ["P3", "length of 8 octets", Buffer.concat([hexBytes("30880000000000000041"), VALID.subarray(2)])],
  ["P4", "a byte after the request", Buffer.concat([VALID, Buffer.of(0)])],
  ["P4", "an element after requestExtensions", encode(sequence(sequence(sequence(request()), nullValue)))],
  ["P4", "an element after optionalSignature", encode(sequence(sequence(sequence(request())), nullValue))],
  ["P4", "an element inside CertID", ocspRequest({ requests: [request(sequence(certID(), nullValue))] })],
  ["P4", "an element inside Request", ocspRequest({ requests: [sequence(certID(), nullValue)] })],
  ["P4", "an element beside the Extensions", withTagged(2, sequence(nonce(16)), nullValue)],
  [
    "P4",
    "an element beside the version",
    encode(
      sequence(sequence(constructed(contextConstructed(0), integer(0), nullValue), sequence(request()))),
    ),
  ],
  [
    "P4",
    "an element inside Extension",
    withTagged(2, sequence(sequence(oid(UNKNOWN_OID), octetString(Buffer.of(5, 0)), nullValue))),
  ],
  [
    "P4",
    "an element beside the signature",
    encode(sequence(sequence(sequence(request())), constructed(contextConstructed(0), SIGNATURE, nullValue))),
  ],
  [
    "P4",
    "an element beside acceptableResponses",
    withExtensions(extension(OID.idPkixOcspResponse, hexBytes("300b06092b06010505073001010500"))),
  ],
  ["P6", "65 extensions", ocspRequest({ extensions: distinctExtensions(65) })],
  [
    "P6",
    "requestorName nested too deep",
    ocspRequest({ requestorName: constructed(contextConstructed(4), nested(40)) }),
  ],
  ["P7", "empty requestList", ocspRequest({ requests: [] })],
  ["P7", "more certificates than the bound", ocspRequest({ requests: repeated(MAX_CERT_IDS + 1, request) })],
  ["P7", "10 000 certificates", ocspRequest({ requests: repeated(10_000, request) })],
  ["P8", "serial that is not minimal", ofCertID({ serial: integerContent("0001") })],
  ["P8", "serial that is not minimal, negative", ofCertID({ serial: integerContent("ff80") })],
  ["P8", "serial without octets", ofCertID({ serial: integerContent("") })],
  ["P8", "serial of 65 octets", ofCertID({ serial: unsigned(65) })],
  ["P9", "name hash of a wrong length", ofCertID({ nameHash: new Uint8Array(32) })],
  ["P9", "key hash of a wrong length", ofCertID({ keyHash: new Uint8Array(19) })],
  ["P9", "parameters of the hash that are not NULL", ofCertID({ parameters: integer(1) })],
  ["P11", "nonce of no octets", withExtensions(nonce(0))],
  ["P11", "nonce of 129 octets", withExtensions(nonce(129))],
  [
    "P11",
    "nonce that is no OCTET STRING",
    withExtensions(extension(OID.idPkixOcspNonce, new Uint8Array(16))),
  ],
  ["P11", "nonce with more behind it", withExtensions(extension(OID.idPkixOcspNonce, hexBytes("0401ff00")))],
  [
    "P12",
    "unknown critical extension of the request",
    withExtensions(extension(UNKNOWN_OID, nullValue, true)),
  ],
  [
    "P12",
    "unknown critical extension of a certificate",
    ocspRequest({ requests: [request(certID(), extension(UNKNOWN_OID, nullValue, true))] }),
  ],
  ["P12", "the same extension twice", withExtensions(nonce(16), nonce(16))],
  ["P12", "empty Extensions", withExtensions()],
  [
    "P12",
    "critical that is no BOOLEAN of DER",
    withExtensions(
      sequence(oid(UNKNOWN_OID), primitive(TAG.BOOLEAN, Buffer.of(1)), octetString(Buffer.of(5, 0))),
    ),
  ],
  ["P12", "requestorName that is no GeneralName", ocspRequest({ requestorName: sequence() })],
  [
    "P12",
    "requestorName of a choice that does not exist",
    ocspRequest({ requestorName: primitive(contextPrimitive(9), text("a")) }),
  ],
  [
    "P12",
    "requestorName in the wrong form",
    ocspRequest({ requestorName: primitive(contextPrimitive(4), text("a")) }),
  ],
  [
    "P12",
    "requestorName with a directoryName that is no Name",
    ocspRequest({ requestorName: constructed(contextConstructed(4)) }),
  ],
  [
    "P12",
    "requestorName with an empty RelativeDistinguishedName",
    ocspRequest({ requestorName: constructed(contextConstructed(4), sequence(constructed(TAG.SET))) }),
  ],
  [
    "P12",
    "requestorName that is not DER inside",
    ocspRequest({ requestorName: primitive(contextConstructed(4), hexBytes("3080")) }),
  ],
  ["P13", "optionalSignature with 6 certificates", ocspRequest({ signatureCertificates: 6 })],
  ["P13", "a signature that is not whole octets", withSignatureBits(hexBytes("030204f0"))],
  ["P14", "acceptableResponses without id-pkix-ocsp-basic", withExtensions(acceptableResponses(UNKNOWN_OID))],
  ["P14", "empty acceptableResponses", withExtensions(acceptableResponses())],
  ["A1", "version 2", ocspRequest({ version: 1 })],
];

/** Rows that are answered: what the client writes oddly but may. */
const ACCEPTED: readonly (readonly [standard: string, what: string, parts: OcspRequestParts])[] = [
  ["P5", "version v1 written out", { version: 0 }],
  ["P5", "critical FALSE written out", { extensions: [extension(UNKNOWN_OID, nullValue, false)] }],
  ["A7", "unknown extension that is not critical", { extensions: [extension(UNKNOWN_OID, nullValue)] }],
  ["P6", "64 extensions", { extensions: distinctExtensions(64) }],
  ["A10", "as many certificates as the bound", { requests: repeated(MAX_CERT_IDS, request) }],
  [
    "A8",
    "requestorName without a signature",
    { requestorName: constructed(contextConstructed(4), sequence()) },
  ],
  ["P13", "optionalSignature with 5 certificates", { signatureCertificates: 5 }],
  [
    "P14",
    "acceptableResponses with basic among others",
    { extensions: [acceptableResponses(UNKNOWN_OID, OID.idPkixOcspBasic)] },
  ],
  [
    "P14",
    "preferredSigAlgs of any content",
    { extensions: [extension(OID.idPkixOcspPrefSigAlgs, sequence(), true)] },
  ],
  [
    "P14",
    "serviceLocator",
    { requests: [request(certID(), extension(OID.idPkixOcspServiceLocator, sequence(), true))] },
  ],
];

describe("requests that deserve malformedRequest", () => {
  for (const [standard, what, bytes] of MALFORMED)
    it(`${standard}: ${what}`, () => assert.throws(() => parseOcspRequest(bytes), isMalformed));
});

describe("requests that are answered", () => {
  for (const [standard, what, parts] of ACCEPTED)
    it(`${standard}: ${what}`, () => {
      const { certIDs } = parseOcspRequest(ocspRequest(parts));
      assert.equal(certIDs.length, parts.requests?.length ?? 1);
      for (const { serial } of certIDs) assert.deepEqual(serial, Uint8Array.of(0x12, 0x34));
    });
});

describe("what a request asks for", () => {
  it("A3-A6: the issuer's key is the same with parameters NULL and absent, the CertID is echoed as sent", () => {
    const keys = CERT_ID_HASHES.map((hash) => {
      const [withNull, without] = [certID({ hash }), certID({ hash, parameters: undefined })].map((id) => {
        const [parsed] = parseOcspRequest(ocspRequest({ requests: [request(id)] })).certIDs;
        assert.deepEqual(parsed?.encoded, encode(id));
        return parsed?.issuerKey;
      });
      assert.equal(withNull, without);
      return withNull;
    });
    assert.equal(new Set(keys).size, CERT_ID_HASHES.length);
    const [{ issuerKey: parsed } = assert.fail()] = parseOcspRequest(
      ofCertID({ nameHash: new Uint8Array(20).fill(1), keyHash: new Uint8Array(20).fill(0xfe) }),
    ).certIDs;
    assert.equal(parsed, issuerKey("sha1", new Uint8Array(20).fill(1), new Uint8Array(20).fill(0xfe)));
  });

  it("P9: an unknown hash algorithm leaves the issuer unknown, whatever the hashes' length", () => {
    const [parsed] = parseOcspRequest(
      ofCertID({ algorithm: UNKNOWN_OID, nameHash: new Uint8Array(3) }),
    ).certIDs;
    assert.equal(parsed?.issuerKey, undefined);
    assert.deepEqual(parsed?.serial, Uint8Array.of(0x12, 0x34));
  });

  it("P8: zero and negative serials are nobody's; others come as magnitudes up to 64 octets", () => {
    const serialOf = (serial: Der): Uint8Array | undefined =>
      parseOcspRequest(ofCertID({ serial })).certIDs[0]?.serial;
    for (const hex of ["00", "80", "ff", "ff7f"]) assert.equal(serialOf(integerContent(hex)), undefined);
    assert.deepEqual(serialOf(integerContent("0080")), Uint8Array.of(0x80));
    assert.deepEqual(serialOf(integerContent("7f")), Uint8Array.of(0x7f));
    assert.equal(serialOf(unsigned(21))?.length, 21);
    assert.equal(serialOf(unsigned(64))?.length, 64);
  });

  it("D2, D3, P11: nonces of 16 to 128 octets are echoed, shorter ones ignored, critical ones no different", () => {
    const nonceOf = (octets: number, critical?: boolean): number | undefined =>
      parseOcspRequest(withExtensions(nonce(octets, critical))).nonce?.length;
    assert.deepEqual(
      [1, 15, 16, 32, 33, 127, 128].map((octets) => nonceOf(octets)),
      [undefined, undefined, 16, 32, 33, 127, 128],
    );
    assert.equal(nonceOf(32, true), 32);
    assert.equal(parseOcspRequest(VALID).nonce, undefined);
  });

  it("a refused request leaves nothing behind for the next one", () => {
    for (const [, , bytes] of MALFORMED) {
      assert.throws(() => parseOcspRequest(bytes));
      assert.equal(parseOcspRequest(VALID).certIDs.length, 1);
    }
  });

  it("is borrowed from the request's bytes", () => {
    const bytes = Uint8Array.from(VALID);
    const [parsed] = parseOcspRequest(bytes).certIDs;
    bytes.fill(0);
    assert.deepEqual(parsed?.serial, Uint8Array.of(0, 0));
  });
});

it("only refusals of bytes count as malformed: a fault of the program does not", () => {
  assert(isMalformed(new OcspRequestError("text")));
  assert(!isMalformed(new TypeError("text")));
});
