import { contextConstructed } from "../../src/asn1/tags.js";
import { constructed, encode, encoded, integer, primitive, sequence } from "../../src/asn1/writer.js";
import { parseTbsCertificate, type TbsCertificate } from "../../src/x509/certificate.js";
import { type Extension, extension } from "../../src/x509/extensions.js";

/** Parts of a TBSCertificate to put in place of the good ones. */
export type TbsChanges = Partial<
  Pick<
    TbsCertificate,
    | "serialInteger"
    | "signature"
    | "issuerName"
    | "validity"
    | "subjectName"
    | "subjectPublicKeyInfo"
    | "extensions"
  >
>;

/** Writes a TBSCertificate anew with some parts changed, right or wrong. */
export function mutateTbs(tbsCertificate: Uint8Array, changes: TbsChanges): Uint8Array {
  const parts = { ...parseTbsCertificate(tbsCertificate), ...changes };
  return encode(
    sequence(
      constructed(contextConstructed(0), integer(2)),
      primitive(0x02, parts.serialInteger),
      encoded(parts.signature),
      encoded(parts.issuerName),
      encoded(parts.validity),
      encoded(parts.subjectName),
      encoded(parts.subjectPublicKeyInfo),
      constructed(
        contextConstructed(3),
        sequence(...parts.extensions.map(({ oid, critical, value }) => extension(oid, critical, value))),
      ),
    ),
  );
}

/** The same extensions with one changed or added; `value` is hexadecimal. */
export function withExtension(
  extensions: readonly Extension[],
  oid: string,
  change: { readonly critical?: boolean; readonly value?: string },
): Extension[] {
  const old = extensions.find((extension) => extension.oid === oid);
  const value = change.value === undefined ? old?.value : Buffer.from(change.value, "hex");
  if (value === undefined) throw new Error(`no extension ${oid} to change, and no value to add`);
  const changed = { oid, critical: change.critical ?? old?.critical ?? false, value };
  return old === undefined
    ? [...extensions, changed]
    : extensions.map((extension) => (extension === old ? changed : extension));
}

export function withoutExtension(extensions: readonly Extension[], oid: string): Extension[] {
  return extensions.filter((extension) => extension.oid !== oid);
}
