import { contextConstructed, TAG } from "../asn1/tags.js";
import { time } from "../asn1/time.js";
import {
  bitString,
  constructed,
  type Der,
  encode,
  encoded,
  headerLength,
  integer,
  sequence,
  writeHeader,
} from "../asn1/writer.js";
import { authorityKeyIdentifier, cRLNumber } from "./extensions.js";

/** What a tbsCertList says beside its entries. Times are unix seconds. */
export interface TbsCertListFields {
  /** DER Name, byte for byte the subject of the CA certificate (standards G3). */
  readonly issuerName: Uint8Array;
  /** DER AlgorithmIdentifier; the same bytes go into `certificateListEnvelope` (standards G2). */
  readonly signatureAlgorithm: Uint8Array;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly cRLNumber: bigint;
  /** keyIdentifier of the CA key: the subjectKeyIdentifier of its certificate. */
  readonly authorityKeyIdentifier: Uint8Array;
  /** Further extensions, in order, after authorityKeyIdentifier and cRLNumber. */
  readonly extensions?: readonly Der[];
}

/** A list around its entries: `head`, the entries, `tail`. */
export interface TbsCertListLayout {
  /** Everything before the first entry, the headers included. */
  readonly head: Uint8Array;
  /** Everything after the last entry: crlExtensions. */
  readonly tail: Uint8Array;
  /** Bytes of head, entries and tail together. */
  readonly length: number;
}

/**
 * Lays out a version 2 tbsCertList (RFC 5280 5.1.2) around `entriesLength` bytes of encoded entries, which are
 * written between head and tail and never held here. Without entries revokedCertificates is absent (standards G6).
 * Throws RangeError on times or numbers out of range.
 */
export function layoutTbsCertList(fields: TbsCertListFields, entriesLength: number): TbsCertListLayout {
  const before = [
    integer(1),
    encoded(fields.signatureAlgorithm),
    encoded(fields.issuerName),
    time(fields.thisUpdate),
    time(fields.nextUpdate),
  ];
  const tail = encode(crlExtensions(fields));
  const beforeLength = before.reduce((sum, der) => sum + der.length, 0);
  const entriesHeader = entriesLength === 0 ? 0 : headerLength(entriesLength);
  const contentLength = beforeLength + entriesHeader + entriesLength + tail.length;
  const head = new Uint8Array(headerLength(contentLength) + beforeLength + entriesHeader);
  let at = writeHeader(head, 0, TAG.SEQUENCE, contentLength);
  for (const der of before) at = der.write(head, at);
  if (entriesLength > 0) writeHeader(head, at, TAG.SEQUENCE, entriesLength);
  return { head, tail, length: head.length + entriesLength + tail.length };
}

/** What stands around a signed tbsCertList: the file is `header`, tbsCertList, `trailer`. */
export interface CertificateListEnvelope {
  readonly header: Uint8Array;
  readonly trailer: Uint8Array;
}

/** Wraps a tbsCertList of `tbsLength` bytes as a CertificateList (RFC 5280 5.1.1). */
export function certificateListEnvelope(
  tbsLength: number,
  signatureAlgorithm: Uint8Array,
  signature: Uint8Array,
): CertificateListEnvelope {
  const signatureValue = bitString(signature);
  const trailer = new Uint8Array(signatureAlgorithm.length + signatureValue.length);
  trailer.set(signatureAlgorithm, 0);
  signatureValue.write(trailer, signatureAlgorithm.length);
  const contentLength = tbsLength + trailer.length;
  const header = new Uint8Array(headerLength(contentLength));
  writeHeader(header, 0, TAG.SEQUENCE, contentLength);
  return { header, trailer };
}

function crlExtensions(fields: TbsCertListFields): Der {
  const list = sequence(
    authorityKeyIdentifier(fields.authorityKeyIdentifier),
    cRLNumber(fields.cRLNumber),
    ...(fields.extensions ?? []),
  );
  return constructed(contextConstructed(0), list);
}
