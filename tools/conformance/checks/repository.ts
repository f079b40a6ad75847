import { createPublicKey } from "node:crypto";
import { asBuffer, bytesEqual, hex } from "../../../src/core/bytes.js";
import { isSekishoError } from "../../../src/core/errors.js";
import { readCrl, type SignedCrl } from "../../../src/crl/read-crl.js";
import { parseHttpDate } from "../../../src/http/http-date.js";
import type { Certificate } from "../../../src/x509/certificate.js";
import { type Ask, getTarget, OCSP_TYPE, post, raw } from "../ask.js";
import { accessUrls, crlUrls } from "../certificate-urls.js";
import { type Check, may, must, should } from "../check.js";
import { field, http, maxAgeOf, noField, nothingBehind } from "../expect-http.js";
import { type Expectation, expectation, NotApplicable } from "../expectation.js";
import type { HttpAnswer } from "../http-answer.js";
import type { Single } from "../ocsp-answer.js";
import type { Seen } from "../seen.js";
import { CLOCK_SKEW } from "./response-times.js";

/** Section F: CRL and CA certificate, where the revoked certificate says that the responder itself serves them (RFC 5280 4.2). */

const crl = (...fields: string[]): Ask => getTarget("{crl}", {}, ...fields);
const certificate = getTarget("{certificate}");

/** OCSP and CRL on one connection, so that they belong to one moment. */
const beside = (of: "good" | "revoked"): Ask => {
  const question = [
    "POST {path} HTTP/1.1",
    "Host: {host}",
    OCSP_TYPE,
    "Content-Length: {length}",
    "",
    "{body}",
  ];
  const fetch = ["GET {crl} HTTP/1.1", "Host: {host}", "Connection: close", "", ""];
  return { messages: [question.join("\r\n"), fetch.join("\r\n")], request: { ids: [{ of }] } };
};

export const REPOSITORY_CHECKS: readonly Check[] = [
  must("F18 the CRL is served", crl(), http(200)),
  must(
    "F18 the CRL's type is application/pkix-crl",
    crl(),
    field("content-type", /^application\/pkix-crl$/i, "application/pkix-crl"),
  ),
  must(
    "F18 the CRL is one CertificateList in DER",
    crl(),
    ofCrl("a CertificateList", () => true),
  ),
  must(
    "F18 the CRL is the issuer's and its signature verifies",
    crl(),
    ofCrl(
      "issuer's name and signature",
      ({ header, signatureValid }, { target }) =>
        signatureValid === true && bytesEqual(header.issuerName, target.issuer.subjectName),
    ),
  ),
  must(
    "B22 the CRL is not past its nextUpdate",
    crl(),
    ofCrl("now < nextUpdate", ({ header }, { at }) => at < (header.nextUpdate ?? 0) + CLOCK_SKEW),
  ),
  must(
    "F16 the CRL has no Content-Encoding",
    crl("Accept-Encoding: gzip"),
    http(200),
    noField("content-encoding"),
  ),
  should("F19 the CRL has an ETag", crl(), field("etag", /^"/, "a strong ETag")),
  should(
    "F19 the CRL's Last-Modified is its thisUpdate",
    crl(),
    ofCrl(
      "thisUpdate",
      ({ header }, seen) =>
        parseHttpDate(seen.field("last-modified")) === header.thisUpdate ||
        `Last-Modified: ${seen.field("last-modified") || "none"}`,
    ),
  ),
  must(
    "F19 the CRL's max-age ends before its nextUpdate",
    crl(),
    ofCrl(
      "now + max-age <= nextUpdate",
      ({ header }, seen) =>
        seen.at + (maxAgeOf(seen) ?? 0) <= (header.nextUpdate ?? Number.POSITIVE_INFINITY),
    ),
  ),
  should(
    "F19 HEAD of the CRL",
    raw("HEAD {crl} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"),
    http(200),
    nothingBehind,
  ),
  may("F19 a part of the CRL", crl("Range: bytes=0-9"), http(206)),
  must("F18 the issuer's certificate is served", certificate, http(200)),
  must(
    "F18 the certificate's type",
    certificate,
    field(
      "content-type",
      /^application\/(pkix-cert|pkcs7-mime)$/i,
      "application/pkix-cert or application/pkcs7-mime",
    ),
  ),
  must(
    "F18 the certificate is the issuer's",
    certificate,
    expectation("the octets of --issuer", ({ http: answer, target }) => {
      if (answer !== undefined && /pkcs7/.test(answer.fields.join()))
        return new NotApplicable("a CMS message");
      return answer !== undefined && bytesEqual(answer.body, target.issuer.der);
    }),
  ),
  must(
    "F22 OCSP, CRL and CA certificate are named by http URLs",
    post(),
    expectation("http://", ({ target: { good, revoked } }) => {
      const others = [good, revoked].flatMap(urlsOf).filter((url) => !url.startsWith("http://"));
      return others.length === 0 || others.join(" ");
    }),
  ),
  must(
    "B20 a certificate that OCSP calls good is not on the CRL",
    beside("good"),
    ofEntry("no entry", (entry) => entry === undefined),
  ),
  must(
    "B20 OCSP and CRL say the same revocation time",
    beside("revoked"),
    ofEntry("the entry's revocationDate", (entry, { revocationTime }) =>
      entry === undefined
        ? new NotApplicable("not on the CRL yet")
        : entry.revocationDate === revocationTime?.seconds,
    ),
  ),
  must(
    "B20 OCSP and CRL say the same reason",
    beside("revoked"),
    ofEntry("the entry's reasonCode", (entry, { reason }) =>
      entry === undefined ? new NotApplicable("not on the CRL yet") : entry.reasonCode === (reason ?? 0),
    ),
  ),
];

const urlsOf = (certificate: Certificate): string[] => [
  ...crlUrls(certificate),
  ...accessUrls(certificate, "idAdOcsp"),
  ...accessUrls(certificate, "idAdCaIssuers"),
];

interface Entry {
  readonly revocationDate: number;
  /** 0 when there is none. */
  readonly reasonCode: number;
}

type Crl = SignedCrl & { readonly entryOf: (serial: Uint8Array) => Entry | undefined };

/** Reads a CRL; text says why it is none. */
function readAnswer(answer: HttpAnswer | undefined, { target, exchange }: Seen): Crl | string {
  if (exchange.end === "flood") throw new NotApplicable("a CRL larger than the kit reads");
  if (answer?.status !== 200) throw new NotApplicable("no CRL came");
  const spki = asBuffer(target.issuer.subjectPublicKeyInfo);
  const publicKey = createPublicKey({ key: spki, format: "der", type: "spki" });
  const entries = new Map<string, Entry>();
  const onEntry = ({ serial, revocationDate, reasonCode }: Entry & { serial: Uint8Array }): void => {
    entries.set(hex(serial), { revocationDate, reasonCode });
  };
  try {
    return {
      ...readCrl([answer.body], { publicKey, onEntry }),
      entryOf: (serial) => entries.get(hex(serial)),
    };
  } catch (error) {
    if (isSekishoError(error, "CRL_INVALID")) return error.message;
    throw error;
  }
}

function ofCrl(says: string, judge: (crl: SignedCrl, seen: Seen) => boolean | string): Expectation {
  return expectation(says, (seen) => {
    const read = readAnswer(seen.http, seen);
    return typeof read === "string" ? read : judge(read, seen);
  });
}

/** Judges the CRL's entry of the certificate that was asked about, beside what OCSP says of it. */
function ofEntry(
  says: string,
  judge: (entry: Entry | undefined, single: Single) => boolean | NotApplicable,
): Expectation {
  return expectation(says, (seen) => {
    const [, second] = seen.answers;
    const single = seen.ocsp?.basic?.singles[0];
    if (second === undefined || single === undefined)
      return new NotApplicable("not answered on one connection");
    const read = readAnswer(second, seen);
    const of = seen.request?.ids?.[0]?.of === "revoked" ? "revoked" : "good";
    return typeof read === "string" ? read : judge(read.entryOf(seen.target[of].serialNumber), single);
  });
}
