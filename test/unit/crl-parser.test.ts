import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { oid } from "../../src/asn1/oid.js";
import { contextConstructed, contextPrimitive, TAG } from "../../src/asn1/tags.js";
import { generalizedTime, time } from "../../src/asn1/time.js";
import {
  constructed,
  type Der,
  encode,
  encoded,
  integer,
  octetString,
  primitive,
  sequence,
} from "../../src/asn1/writer.js";
import { hex } from "../../src/core/bytes.js";
import { isSekishoError } from "../../src/core/errors.js";
import { CrlReader, readCrl, readCrlAsync } from "../../src/crl/read-crl.js";
import { certificateListEnvelope, layoutTbsCertList } from "../../src/crl/tbs-cert-list.js";
import { ECDSA_WITH_SHA256, SHA256_WITH_RSA } from "../support/crl.js";
import {
  AKI,
  CRL_NUMBER,
  DAY,
  extension,
  flag,
  freshestValue,
  idpValue,
  NAME,
  rawCertificateList,
  rawEntry,
  rawTbsCertList,
  reasonExtension,
  THIS_UPDATE,
  uriName,
} from "../support/raw-crl.js";

const REVOKED = time(THIS_UPDATE - 60);
const UNKNOWN_OID = "1.2.3.4";

const LAYOUT_FIELDS = {
  issuerName: encode(NAME),
  signatureAlgorithm: SHA256_WITH_RSA,
  thisUpdate: THIS_UPDATE,
  nextUpdate: THIS_UPDATE + DAY,
  cRLNumber: 1n,
  authorityKeyIdentifier: new Uint8Array(20),
};

const refuses = (der: Uint8Array, message: RegExp): void => refusesChunks([der], message);

function refusesChunks(chunks: Iterable<Uint8Array>, message: RegExp): void {
  assert.throws(
    () => readCrl(chunks),
    (error) => isSekishoError(error, "CRL_INVALID") && message.test(error.message),
  );
}

const LONG = 70_000;

/** SEQUENCE with an indefinite length inside. */
const notDer = primitive(TAG.SEQUENCE, Buffer.from("3080", "hex"));
const padded = (length: number): Der => sequence(octetString(new Uint8Array(length)));

const longEntry = (length: number): Der => rawEntry(1, REVOKED, extension(UNKNOWN_OID, padded(length)));

const manyNames = (count: number): Der => {
  const names = Array.from({ length: count }, () => uriName("http://a"));
  const fullName = constructed(contextConstructed(0), constructed(contextConstructed(0), ...names));
  return extension("2.5.29.28", sequence(fullName), true);
};

/** A list whose signature has one bit fewer than whole octets. */
function unusedBit(): Buffer {
  const der = rawCertificateList();
  der[der.length - 257] = 1;
  der[der.length - 1] = 0;
  return der;
}

/** A list whose issuer has an INTEGER with a spare octet in it. */
function badIssuer(): Buffer {
  return rawCertificateList({ issuerName: sequence(encoded(Buffer.of(TAG.INTEGER, 2, 0, 1))) });
}

/** A list whose revokedCertificates claims more than the tbsCertList has. */
function overlongEntries(): Buffer {
  const der = rawCertificateList({ entries: [rawEntry(1, REVOKED)] });
  der[der.indexOf(encode(sequence(rawEntry(1, REVOKED)))) + 1] = 0x7f;
  return der;
}

describe("CRL parser refuses (P28)", () => {
  const critical = extension(UNKNOWN_OID, integer(1), true);
  const manyExtensions = Array.from({ length: 33 }, (_, i) => extension(`1.2.3.${i}`, integer(1)));
  const cases: [string, Uint8Array, RegExp][] = [
    ["unknown critical extension", rawCertificateList({ extensions: [AKI, critical] }), /1\.2\.3\.4/],
    [
      "unknown critical entry extension",
      rawCertificateList({ entries: [rawEntry(1, REVOKED, critical)] }),
      /critical extension/,
    ],
    ["v1 with extensions", rawCertificateList({ version: undefined }), /version 1/],
    [
      "v1 with entry extensions",
      rawCertificateList({
        version: undefined,
        extensions: undefined,
        entries: [rawEntry(1, REVOKED, reasonExtension(1))],
      }),
      /version 1/,
    ],
    ["version 3", rawCertificateList({ version: integer(2) }), /integer-out-of-range at byte/],
    ["algorithms differ", rawCertificateList({ outerAlgorithm: encoded(ECDSA_WITH_SHA256) }), /differ/],
    ["extension twice", rawCertificateList({ extensions: [AKI, CRL_NUMBER, AKI] }), /twice/],
    [
      "unknown extension twice",
      rawCertificateList({
        extensions: [extension(UNKNOWN_OID, integer(1)), extension(UNKNOWN_OID, integer(2))],
      }),
      /twice/,
    ],
    [
      "entry extension twice",
      rawCertificateList({ entries: [rawEntry(1, REVOKED, reasonExtension(1), reasonExtension(1))] }),
      /twice/,
    ],
    ["33 extensions", rawCertificateList({ extensions: manyExtensions }), /too-deep/],
    ["empty extensions", rawCertificateList({ extensions: [] }), /truncated/],
    [
      "certificateIssuer in a direct CRL",
      rawCertificateList({
        entries: [rawEntry(1, REVOKED, extension("2.5.29.29", sequence(uriName("x:y")), true))],
      }),
      /not an indirect/,
    ],
    [
      "invalidityDate as UTCTime",
      rawCertificateList({ entries: [rawEntry(1, REVOKED, extension("2.5.29.24", REVOKED))] }),
      /time-invalid/,
    ],
    [
      "value with bytes after it",
      rawCertificateList({
        extensions: [
          sequence(oid("2.5.29.20"), octetString(Buffer.concat([encode(integer(1)), encode(integer(1))]))),
        ],
      }),
      /trailing-bytes/,
    ],
    [
      "serial of 65 octets",
      rawCertificateList({ entries: [rawEntry(serialOf(65), REVOKED)] }),
      /out-of-range/,
    ],
    ["signature of broken octets", unusedBit(), /bit-string-unused-bits/],
    ["revokedCertificates longer than its tbsCertList", overlongEntries(), /truncated/],
    [
      "tbsCertList longer than its CertificateList",
      Buffer.concat([Buffer.of(0x30, 0x10), rawTbsCertList()]),
      /truncated/,
    ],
    ["65 names in a distribution point", rawCertificateList({ extensions: [manyNames(65)] }), /too-deep/],
    ["more than 64 KiB before the entries", rawCertificateList({ issuerName: padded(LONG) }), /truncated/],
    ["an issuer that is not DER inside", rawCertificateList({ issuerName: notDer }), /indefinite-length/],
    ["an entry of more than 16 KiB", rawCertificateList({ entries: [longEntry(17_000)] }), /truncated/],
    [
      "more than 64 KiB after the entries",
      rawCertificateList({ extensions: [extension("1.2.3", padded(LONG))] }),
      /length-too-large/,
    ],
    ["an issuer that is not strict DER, with the place", badIssuer(), /integer-not-minimal at byte 26/],
    ["trailing byte", Buffer.concat([rawCertificateList(), Buffer.of(0)]), /trailing-bytes/],
    ["missing last byte", rawCertificateList().subarray(0, -1), /truncated/],
    ["nothing", Buffer.alloc(0), /truncated/],
    ["a claim of 4 GiB", Buffer.from("3084ffffffff3084fffffff0020101", "hex"), /truncated|tag/],
  ];
  for (const [name, der, message] of cases) it(name, () => refuses(der, message));
});

/** An INTEGER of that many content octets. */
function serialOf(octets: number): Der {
  return encoded(Buffer.concat([Buffer.of(TAG.INTEGER, octets), Buffer.alloc(octets, 1)]));
}

describe("CRL parser reads", () => {
  it("header, extensions and envelope", () => {
    const idp = idpValue("http://crl.example/1.crl", flag(1));
    const der = rawCertificateList({
      extensions: [
        AKI,
        CRL_NUMBER,
        extension("2.5.29.27", integer(300), true),
        extension("2.5.29.28", idp, true),
        extension("2.5.29.46", freshestValue("http://crl.example/d.crl")),
        extension("1.2.3.4", integer(9)),
      ],
    });
    const { header, extensions, envelope, length } = readCrl([der]);
    assert.equal(header.version, 1);
    assert.equal(header.thisUpdate, THIS_UPDATE);
    assert.equal(header.nextUpdate, THIS_UPDATE + 7 * DAY);
    assert.deepEqual(Buffer.from(header.issuerName), Buffer.from(encode(NAME)));
    assert.deepEqual(extensions.authorityKeyIdentifier?.keyIdentifier, new Uint8Array(20).fill(7));
    assert.equal(extensions.cRLNumber, 1n);
    assert.equal(extensions.deltaCRLIndicator, 300n);
    assert.deepEqual(extensions.issuingDistributionPoint, {
      der: encode(idp),
      distributionPoint: { uris: ["http://crl.example/1.crl"], others: false },
      onlyContainsUserCerts: true,
      onlyContainsCACerts: false,
      onlySomeReasons: false,
      indirectCRL: false,
      onlyContainsAttributeCerts: false,
    });
    assert.deepEqual(extensions.freshestCRL, { uris: ["http://crl.example/d.crl"], others: false });
    assert.deepEqual(
      extensions.list.map(({ critical }) => critical),
      [false, false, true, true, false, false],
    );
    assert.equal(envelope.signature.length, 256);
    assert.equal(length, der.length);
  });

  it("entries with all their fields, odd serials and both time types", () => {
    const invalid = extension("2.5.29.24", generalizedTime(THIS_UPDATE - 1000));
    const der = rawCertificateList({
      entries: [
        rawEntry(0, REVOKED),
        rawEntry(0x80, time(2_600_000_000), reasonExtension(6, true), invalid),
        rawEntry(encoded(Buffer.of(TAG.INTEGER, 1, 0xff)), generalizedTime(THIS_UPDATE - 60)),
      ],
    });
    const seen: unknown[] = [];
    const { entries } = readCrl([der], {
      onEntry: (e) =>
        seen.push([
          hex(e.serial),
          e.serialNegative,
          e.revocationDate,
          e.reasonCode,
          e.reasonCodeCritical,
          e.invalidityDate,
          e.revocationDateWrongType,
        ]),
    });
    assert.deepEqual(seen, [
      ["", false, THIS_UPDATE - 60, 0, false, 0, false],
      ["80", false, 2_600_000_000, 6, true, THIS_UPDATE - 1000, false],
      ["ff", true, THIS_UPDATE - 60, 0, false, 0, true],
    ]);
    assert.equal(entries.count, 3);
    assert.equal(entries.ascending, false);
    assert.equal(entries.reasonCounts[6], 1);
  });

  it("order and neighbours", () => {
    const order = (...serials: number[]) => {
      const { ascending, neighbourDuplicates } = readCrl([
        rawCertificateList({ entries: serials.map((serial) => rawEntry(serial, REVOKED)) }),
      ]).entries;
      return [ascending, neighbourDuplicates];
    };
    assert.deepEqual(order(), [true, false]);
    assert.deepEqual(order(1, 0xff, 0x100, 0x101), [true, false]);
    assert.deepEqual(order(1, 0x100, 0xff), [false, false]);
    assert.deepEqual(order(1, 5, 5), [true, true]);
  });

  it("certificateIssuer of an indirect CRL, which holds until the next one (H14)", () => {
    const issuer = sequence(uriName("x:y"));
    const der = rawCertificateList({
      entries: [
        rawEntry(1, REVOKED),
        rawEntry(2, REVOKED, extension("2.5.29.29", issuer, true)),
        rawEntry(2, REVOKED),
      ],
      extensions: [AKI, CRL_NUMBER, extension("2.5.29.28", idpValue(undefined, flag(4)), true)],
    });
    const issuers: (string | undefined)[] = [];
    readCrl([der], { onEntry: (e) => issuers.push(e.certificateIssuer && hex(e.certificateIssuer)) });
    const name = hex(encode(issuer));
    assert.deepEqual(issuers, [undefined, name, name]);
  });

  it("the same serial of two issuers is no duplicate, of one issuer it is", () => {
    const indirect = extension("2.5.29.28", idpValue(undefined, flag(4)), true);
    const by = (uri: string) => rawEntry(1, REVOKED, extension("2.5.29.29", sequence(uriName(uri)), true));
    const duplicates = (...entries: Der[]) =>
      readCrl([rawCertificateList({ entries, extensions: [AKI, indirect] })]).entries.neighbourDuplicates;
    assert.equal(duplicates(rawEntry(1, REVOKED), by("x:y")), false);
    assert.equal(duplicates(by("x:y"), by("x:z")), false);
    assert.equal(duplicates(by("x:y"), by("x:y")), true);
  });

  it("names of other kinds, reasons and cRLIssuer of a distribution point", () => {
    const others = (point: Der) =>
      readCrl([rawCertificateList({ extensions: [AKI, extension("2.5.29.46", sequence(point))] })]).extensions
        .freshestCRL?.others;
    const relative = constructed(contextConstructed(0), constructed(contextConstructed(1)));
    const dnsName = primitive(contextPrimitive(2), Buffer.from("a"));
    const fullName = constructed(contextConstructed(0), constructed(contextConstructed(0), dnsName));
    assert.equal(others(idpValue("http://a")), false);
    assert.equal(others(idpValue("http://a", constructed(contextConstructed(2), uriName("x:y")))), true);
    assert.equal(others(sequence(relative)), true);
    assert.equal(others(sequence(fullName)), true);
  });

  it("a v1 CRL without extensions, and one without nextUpdate", () => {
    const v1 = readCrl([
      rawCertificateList({ version: undefined, extensions: undefined, nextUpdate: undefined }),
    ]);
    assert.equal(v1.header.version, undefined);
    assert.equal(v1.header.nextUpdate, undefined);
    assert.equal(v1.emptyRevokedCertificates, false);
    assert.equal(readCrl([rawCertificateList({ entries: [] })]).emptyRevokedCertificates, true);
  });

  it("the same from an asynchronous source", async () => {
    const der = rawCertificateList({ entries: [rawEntry(1, REVOKED), rawEntry(2, REVOKED)] });
    async function* bytes() {
      for (const byte of der) yield Uint8Array.of(byte);
    }
    assert.deepEqual((await readCrlAsync(bytes())).entries, readCrl([der]).entries);
  });

  it("in memory that grows neither with the claimed nor with the real length (P3, P28)", () => {
    const entriesLength = 3_000_000_000;
    const { head, length } = layoutTbsCertList(LAYOUT_FIELDS, entriesLength);
    const { header } = certificateListEnvelope(length, SHA256_WITH_RSA, new Uint8Array(256));
    const chunk = Buffer.concat(Array<Uint8Array>(1000).fill(encode(rawEntry(1, REVOKED))));
    const before = process.memoryUsage().arrayBuffers;
    let held = 0;
    function* source() {
      yield header;
      yield head;
      for (let i = 0; i < 500; i++) {
        yield chunk;
        held = Math.max(held, process.memoryUsage().arrayBuffers - before);
      }
    }
    refusesChunks(source(), /truncated/);
    assert.ok(held < 2 * 1024 * 1024, `${held} bytes held`);
  });

  it("a source that is let go early is closed", () => {
    let closed = false;
    function* source() {
      try {
        yield rawCertificateList({ entries: [rawEntry(1, REVOKED)] });
      } finally {
        closed = true;
      }
    }
    const reader = new CrlReader(source());
    reader.next();
    assert.throws(() => reader.crl, /not read to its end/);
    reader.close();
    assert.equal(closed, true);
  });
});
