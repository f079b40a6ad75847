import { X509Certificate } from "node:crypto";
import { SekishoError } from "../../../src/core/errors.js";
import { type Certificate, parseCertificate } from "../../../src/x509/certificate.js";
import { nameText } from "../../../src/x509/name-text.js";
import { TestCa } from "../../support/test-ca.js";
import { bytesOf, type Element, elementsOf } from "../der-element.js";
import { equalBytes, observe, refusalPlace, roughly } from "../observe.js";
import { assertReencodes } from "../reencode.js";
import { Finding, type FuzzTarget } from "../target.js";

/** The parser of certificates, with OpenSSL inside Node as the other implementation. */
export class CertificateTarget implements FuzzTarget {
  readonly name = "certificate";
  readonly syntax = "der";
  /** A subject of very many attributes is shown slowly, by a library; only operators look at it. */
  readonly longestMs = 500;

  check(input: Uint8Array): string {
    const observed = observe(input, parse, isRefusal);
    if (!observed.accepted) return refusalPlace(observed.error);
    assertReencodes(input, "a certificate");
    return `${summary(observed.value.certificate)} ${comparedWithOpenssl(input, observed.value.certificate)}`;
  }
}

function parse(bytes: Uint8Array): { certificate: Certificate; subject: string } {
  const certificate = parseCertificate(bytes);
  return { certificate, subject: subjectText(certificate.subjectName) };
}

/** A foreign subject is shown to operators; one that cannot be is refused with a code. */
function subjectText(name: Uint8Array): string {
  try {
    return nameText(name);
  } catch (error) {
    if (isRefusal(error)) return (error as Error).message;
    throw error;
  }
}

const isRefusal = (error: unknown): boolean => error instanceof SekishoError && error.code === "DER_INVALID";

/** What both say must be the same. Returns what OpenSSL made of it. */
function comparedWithOpenssl(input: Uint8Array, certificate: Certificate): string {
  const theirs = readByOpenssl(input);
  if (theirs === undefined) {
    // Names, keys and algorithms are kept as bytes and refused when they are used; OpenSSL reads them at once.
    if (readByOpenssl(withKnownParts(input)) === undefined)
      throw new Finding("accepted, and OpenSSL reads no certificate");
    return "with a name, key or algorithm that OpenSSL refuses";
  }
  if (!equalBytes(theirs.raw, input)) throw new Finding("accepted, and OpenSSL writes it otherwise");
  if (!hasSerial(theirs.serialNumber, certificate))
    throw new Finding("another serial number than OpenSSL reads");
  if (!isTime(theirs.validTo, certificate.notAfter)) throw new Finding("another notAfter than OpenSSL reads");
  if (!isTime(theirs.validFrom, certificate.notBefore))
    throw new Finding("another notBefore than OpenSSL reads");
  const isCa = certificate.basicConstraints?.cA === true;
  if (theirs.ca && !isCa) throw new Finding("OpenSSL takes for a CA what is none for us");
  return theirs.ca ? "CA" : "";
}

function readByOpenssl(der: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}

const KNOWN = new TestCa().certificate;

/** The certificate with names, key and algorithms of another. */
function withKnownParts(input: Uint8Array): Uint8Array {
  const document = elementsOf(input) ?? [];
  const [outer] = document;
  const tbs = outer?.inner?.[0]?.inner;
  const known = (der: Uint8Array): Element[] => elementsOf(der) ?? [];
  // version, serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo, extensions
  tbs?.splice(2, 2, ...known(KNOWN.signature), ...known(KNOWN.issuerName));
  tbs?.splice(5, 2, ...known(KNOWN.subjectName), ...known(KNOWN.subjectPublicKeyInfo));
  outer?.inner?.splice(1, 1, ...known(KNOWN.signatureAlgorithm));
  return bytesOf(document);
}

function hasSerial(hex: string, { serialNumber, serialInteger }: Certificate): boolean {
  const isNegative = (serialInteger[0] as number) >= 0x80;
  // OpenSSL shows a negative number as the magnitude of its negation.
  if (isNegative) return true;
  return BigInt(`0x${hex}`) === BigInt(`0x${Buffer.from(serialNumber).toString("hex")}`);
}

/** OpenSSL's text knows no year before 0000 and says "Bad time value" for what it cannot show. */
function isTime(text: string, seconds: number): boolean {
  return text === "Bad time value" || Date.parse(text) / 1000 === seconds;
}

function summary(certificate: Certificate): string {
  const { extensions, keyUsage, extendedKeyUsage, basicConstraints, serialInteger } = certificate;
  return [
    "accepted",
    roughly(extensions.length),
    roughly(serialInteger.length),
    (serialInteger[0] as number) >= 0x80 ? "negative" : "",
    keyUsage?.size,
    extendedKeyUsage?.length,
    basicConstraints?.cA,
    basicConstraints?.pathLenConstraint === undefined ? "" : roughly(basicConstraints.pathLenConstraint),
    certificate.subjectKeyIdentifier === undefined ? "" : "ski",
    certificate.authorityKeyIdentifier === undefined ? "" : "aki",
  ].join(" ");
}
