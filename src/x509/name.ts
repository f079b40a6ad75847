import { AttributeTypeAndValue, AttributeValue, Name, RelativeDistinguishedName } from "@peculiar/asn1-x509";
import { bytesEqual } from "../core/bytes.js";
import type { IssuerConfig, ProfileConfig } from "../core/config.js";
import { SekishoError } from "../core/errors.js";
import { parseStrictly, serialize } from "./strict.js";

export type SubjectField = ProfileConfig["subjectFields"][number];

/** Attribute types and the longest value X.520 allows, in characters (RFC 5280 appendix A.1, upper bounds). */
const ATTRIBUTES: Record<SubjectField, { readonly oid: string; readonly maxLength: number }> = {
  commonName: { oid: "2.5.4.3", maxLength: 64 },
  country: { oid: "2.5.4.6", maxLength: 2 },
  locality: { oid: "2.5.4.7", maxLength: 128 },
  state: { oid: "2.5.4.8", maxLength: 128 },
  organization: { oid: "2.5.4.10", maxLength: 64 },
  organizationalUnit: { oid: "2.5.4.11", maxLength: 64 },
};

const FIELD_BY_OID = new Map(
  (Object.keys(ATTRIBUTES) as SubjectField[]).map((field) => [ATTRIBUTES[field].oid, field]),
);

/** DER Name of a CA as the configuration writes it: country, organization, unit, common name. */
export function configuredSubject(subject: IssuerConfig["subject"]): Uint8Array {
  const order = ["country", "organization", "organizationalUnit", "commonName"] as const;
  return encodeName(
    order.flatMap((field) => {
      const value = subject[field];
      return value === undefined ? [] : [[field, value] as const];
    }),
  );
}

/**
 * DER Name of a certificate's subject from what a request asks for: only the profile's fields, each once, in the
 * request's order, written anew (standards I18, P27). Throws CSR_FIELD naming the attribute.
 */
export function requestedSubject(subjectName: Uint8Array, allowed: readonly SubjectField[]): Uint8Array {
  const name = parseStrictly("subject", subjectName, Name);
  // The library repairs broken UTF-8 in silence; a name that it writes differently was not well encoded.
  if (!isWrittenAs(name, subjectName)) throw refused("subject", "is not well encoded");
  const fields = new Map<SubjectField, string>();
  for (const rdn of name) {
    const [attribute, ...others] = rdn;
    if (attribute === undefined || others.length > 0) throw refused("subject", "has a multi-valued RDN");
    const field = FIELD_BY_OID.get(attribute.type);
    if (field === undefined || !allowed.includes(field))
      throw refused(field ?? attribute.type, "is not allowed in the subject by the profile");
    if (fields.has(field)) throw refused(field, "stands twice in the subject");
    fields.set(field, attributeText(field, attribute.value));
  }
  if (fields.size === 0) throw refused("subject", "is empty");
  return encodeName([...fields]);
}

/** DER Name with one attribute an RDN: PrintableString for the country, UTF8String otherwise (RFC 5280 4.1.2.4). */
export function encodeName(fields: readonly (readonly [SubjectField, string])[]): Uint8Array {
  const rdns = fields.map(([field, text]) => {
    const value = new AttributeValue(field === "country" ? { printableString: text } : { utf8String: text });
    return new RelativeDistinguishedName([new AttributeTypeAndValue({ type: ATTRIBUTES[field].oid, value })]);
  });
  return serialize(new Name(rdns));
}

/** False too for a value that the library reads and cannot write. */
function isWrittenAs(name: Name, der: Uint8Array): boolean {
  try {
    return bytesEqual(serialize(name), der);
  } catch {
    return false;
  }
}

function attributeText(field: SubjectField, value: AttributeValue): string {
  const text = value.printableString ?? value.utf8String;
  if (text === undefined) throw refused(field, "is neither PrintableString nor UTF8String");
  const { maxLength } = ATTRIBUTES[field];
  const length = [...text].length;
  if (length === 0 || length > maxLength) throw refused(field, `needs 1 to ${maxLength} characters`);
  if (/[\p{Cc}\p{Cs}\u2028\u2029]/u.test(text)) throw refused(field, "has a control character");
  if (field === "country" && !/^[A-Z]{2}$/.test(text)) throw refused(field, "is not two capital letters");
  if (value.printableString !== undefined && !/^[A-Za-z0-9 '()+,\-./:=?]*$/.test(text))
    throw refused(field, "has a character that PrintableString does not know");
  return text;
}

function refused(field: string, why: string): SekishoError {
  return new SekishoError("CSR_FIELD", `${field} ${why}`);
}
