import { OID, oid, oidText } from "../asn1/oid.js";
import { DerError, DerReader } from "../asn1/reader.js";
import { contextPrimitive, TAG } from "../asn1/tags.js";
import { booleanTrue, type Der, octetString, sequence } from "../asn1/writer.js";
import { KEY_USAGES } from "../core/key-usages.js";

/** Extensions of one certificate or request that are read (standards P6). */
const MAX_EXTENSIONS = 64;

/** One Extension (RFC 5280 4.1); `value` is the content of extnValue, borrowed. */
export interface Extension {
  readonly oid: string;
  readonly critical: boolean;
  readonly value: Uint8Array;
}

export type KeyUsageName = (typeof KEY_USAGES)[number];

export interface BasicConstraints {
  readonly cA: boolean;
  readonly pathLenConstraint: number | undefined;
}

export function extension(type: string, critical: boolean, value: Uint8Array): Der {
  return sequence(oid(type), critical ? booleanTrue : undefined, octetString(value));
}

/** Reads the next element as Extensions: 1 to 64 of them, repeats included. Throws DerError. */
export function readExtensions(reader: DerReader): Extension[] {
  const extensions: Extension[] = [];
  const outerEnd = reader.enter(TAG.SEQUENCE);
  do {
    if (extensions.length === MAX_EXTENSIONS) throw new DerError("trailing-bytes", reader.position);
    extensions.push(readExtension(reader));
  } while (reader.more);
  reader.leave(outerEnd);
  return extensions;
}

/** The first object identifier that occurs twice, or undefined. RFC 5280 4.2 allows one instance of each. */
export function repeatedExtension(extensions: readonly Extension[]): string | undefined {
  const seen = new Set<string>();
  for (const { oid } of extensions) {
    if (seen.has(oid)) return oid;
    seen.add(oid);
  }
  return undefined;
}

export function findExtension(extensions: readonly Extension[], type: string): Extension | undefined {
  return extensions.find(({ oid }) => oid === type);
}

/** subjectKeyIdentifier (RFC 5280 4.2.1.2), or undefined when absent. Throws DerError like the readers below. */
export function readSubjectKeyIdentifier(extensions: readonly Extension[]): Uint8Array | undefined {
  return readValue(extensions, OID.subjectKeyIdentifier, (reader) => {
    reader.next(TAG.OCTET_STRING);
    return reader.content();
  });
}

/** authorityKeyIdentifier's keyIdentifier (RFC 5280 4.2.1.1); its other two fields are stepped over. */
export function readAuthorityKeyIdentifier(extensions: readonly Extension[]): Uint8Array | undefined {
  return readValue(extensions, OID.authorityKeyIdentifier, (reader) => {
    const outerEnd = reader.enter(TAG.SEQUENCE);
    const keyIdentifier = reader.optional(contextPrimitive(0)) ? reader.content() : undefined;
    while (reader.more) reader.any();
    reader.leave(outerEnd);
    return keyIdentifier;
  });
}

/** keyUsage's bits by name (RFC 5280 4.2.1.3); encipherOnly and decipherOnly are not told. */
export function readKeyUsage(extensions: readonly Extension[]): ReadonlySet<KeyUsageName> | undefined {
  return readValue(extensions, OID.keyUsage, (reader) => {
    reader.bitString();
    const bits = reader.content();
    return new Set(KEY_USAGES.filter((_, bit) => ((bits[bit >> 3] ?? 0) & (0x80 >> (bit & 7))) !== 0));
  });
}

/** extKeyUsage's purposes as dotted text, in order (RFC 5280 4.2.1.12). */
export function readExtendedKeyUsage(extensions: readonly Extension[]): readonly string[] | undefined {
  return readValue(extensions, OID.extKeyUsage, (reader) => {
    const purposes: string[] = [];
    const outerEnd = reader.enter(TAG.SEQUENCE);
    while (reader.more) {
      reader.oid();
      purposes.push(oidText(reader.content()));
    }
    reader.leave(outerEnd);
    return purposes;
  });
}

/** basicConstraints (RFC 5280 4.2.1.9). An explicit cA FALSE is accepted, as old tools write it. */
export function readBasicConstraints(extensions: readonly Extension[]): BasicConstraints | undefined {
  return readValue(extensions, OID.basicConstraints, (reader) => {
    const outerEnd = reader.enter(TAG.SEQUENCE);
    const cA = reader.peek() === TAG.BOOLEAN && reader.boolean();
    const pathLenConstraint = reader.more ? reader.smallInteger() : undefined;
    reader.leave(outerEnd);
    return { cA, pathLenConstraint };
  });
}

function readExtension(reader: DerReader): Extension {
  const outerEnd = reader.enter(TAG.SEQUENCE);
  reader.oid();
  const type = oidText(reader.content());
  const critical = reader.peek() === TAG.BOOLEAN && reader.boolean();
  reader.next(TAG.OCTET_STRING);
  const value = reader.content();
  reader.leave(outerEnd);
  return { oid: type, critical, value };
}

function readValue<T>(
  extensions: readonly Extension[],
  type: string,
  read: (reader: DerReader) => T,
): T | undefined {
  const found = findExtension(extensions, type);
  if (found === undefined) return undefined;
  const reader = new DerReader(found.value);
  const value = read(reader);
  reader.finish();
  return value;
}
