import { oid } from "../../src/asn1/oid.js";
import { contextConstructed, contextPrimitive, TAG } from "../../src/asn1/tags.js";
import { time } from "../../src/asn1/time.js";
import {
  bitString,
  booleanTrue,
  constructed,
  type Der,
  encode,
  encoded,
  integer,
  octetString,
  primitive,
  sequence,
} from "../../src/asn1/writer.js";
import { SHA256_WITH_RSA } from "./crl.js";

export const THIS_UPDATE = Date.UTC(2026, 0, 1) / 1000;
export const DAY = 86_400;

/** DER Name of one attribute: C=JP, O=Sekisho. */
export const NAME = sequence(
  attribute("2.5.4.6", TAG.PRINTABLE_STRING, "JP"),
  attribute("2.5.4.10", TAG.UTF8_STRING, "Sekisho"),
);

function attribute(type: string, tag: number, value: string): Der {
  return constructed(TAG.SET, sequence(oid(type), primitive(tag, Buffer.from(value))));
}

export function extension(dotted: string, value: Der, critical = false): Der {
  return sequence(oid(dotted), critical ? booleanTrue : undefined, octetString(encode(value)));
}

export const AKI = extension("2.5.29.35", sequence(primitive(contextPrimitive(0), Buffer.alloc(20, 7))));
export const CRL_NUMBER = extension("2.5.29.20", integer(1));

/** extnValue of issuingDistributionPoint with one URI and further fields. */
export function idpValue(uri: string | undefined, ...fields: Der[]): Der {
  const name =
    uri === undefined
      ? undefined
      : constructed(contextConstructed(0), constructed(contextConstructed(0), uriName(uri)));
  return sequence(name, ...fields);
}

/** extnValue of freshestCRL. */
export function freshestValue(uri: string): Der {
  return sequence(idpValue(uri));
}

export const uriName = (uri: string): Der => primitive(contextPrimitive(6), Buffer.from(uri));

export const flag = (n: number): Der => primitive(contextPrimitive(n), Uint8Array.of(0xff));

/** The flag with its DEFAULT, FALSE, written out. */
export const falseFlag = (n: number): Der => primitive(contextPrimitive(n), Uint8Array.of(0));

/** One element of revokedCertificates with any extensions. */
export function rawEntry(serial: number | Der, date: Der, ...extensions: Der[]): Der {
  const number = typeof serial === "number" ? integer(serial) : serial;
  return sequence(number, date, extensions.length === 0 ? undefined : sequence(...extensions));
}

export const reasonExtension = (reason: number, critical = false): Der =>
  extension("2.5.29.21", integer(reason, TAG.ENUMERATED), critical);

/** Fields of a CRL in any form, good or bad; `undefined` leaves the field out. */
export interface RawCrl {
  version?: Der | undefined;
  signature?: Der;
  issuerName?: Der;
  thisUpdate?: Der;
  nextUpdate?: Der | undefined;
  entries?: readonly Der[] | undefined;
  extensions?: readonly Der[] | undefined;
  outerAlgorithm?: Der;
}

const GOOD: Required<RawCrl> = {
  version: integer(1),
  signature: encoded(SHA256_WITH_RSA),
  issuerName: NAME,
  thisUpdate: time(THIS_UPDATE),
  nextUpdate: time(THIS_UPDATE + 7 * DAY),
  entries: undefined,
  extensions: [AKI, CRL_NUMBER],
  outerAlgorithm: encoded(SHA256_WITH_RSA),
};

export function rawTbsCertList(fields: RawCrl = {}): Buffer {
  return Buffer.from(encode(rawTbs({ ...GOOD, ...fields })));
}

/** A CertificateList whose signature is none. */
export function rawCertificateList(fields: RawCrl = {}): Buffer {
  const all = { ...GOOD, ...fields };
  return Buffer.from(encode(sequence(rawTbs(all), all.outerAlgorithm, bitString(Buffer.alloc(256, 1)))));
}

function rawTbs(all: Required<RawCrl>): Der {
  const extensions =
    all.extensions === undefined
      ? undefined
      : constructed(contextConstructed(0), sequence(...all.extensions));
  const entries = all.entries === undefined ? undefined : sequence(...all.entries);
  return sequence(
    all.version,
    all.signature,
    all.issuerName,
    all.thisUpdate,
    all.nextUpdate,
    entries,
    extensions,
  );
}
