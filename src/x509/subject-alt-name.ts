import { isIP } from "node:net";
import { GeneralName, SubjectAlternativeName } from "@peculiar/asn1-x509";
import type { ProfileConfig } from "../core/config.js";
import { SekishoError } from "../core/errors.js";
import { parseStrictly, serialize } from "./strict.js";

export type NameKind = ProfileConfig["subjectAltName"][number];

/** One name of a subjectAltName: a host name, an address as text, a mailbox or a URI. */
export interface AlternativeName {
  readonly kind: NameKind;
  readonly value: string;
}

const FIELD = {
  dns: "dNSName",
  ip: "iPAddress",
  email: "rfc822Name",
  uri: "uniformResourceIdentifier",
} as const satisfies Record<NameKind, keyof GeneralName>;

const IS_VALID: Record<NameKind, (value: string) => boolean> = {
  dns: isDnsName,
  ip: (value) => isIP(value) !== 0,
  email: (value) => {
    const [, domain] = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@([^@]+)$/.exec(value) ?? [];
    return domain !== undefined && !domain.startsWith("*") && isDnsName(domain);
  },
  uri: (value) => /^[a-z][a-z0-9+.-]*:\/\/[!-~]+$/.test(value) && value.length <= 2048 && URL.canParse(value),
};

/**
 * The names of a requested subjectAltName: only kinds that the profile allows, each well formed (standards I18).
 * Throws CSR_FIELD naming the kind, DER_INVALID for bytes that are no GeneralNames.
 */
export function requestedAlternativeNames(
  value: Uint8Array,
  allowed: readonly NameKind[],
): AlternativeName[] {
  const names = [...parseStrictly("subjectAltName", value, SubjectAlternativeName)];
  if (names.length === 0) throw new SekishoError("CSR_FIELD", "subjectAltName is empty");
  return names.map((name) => {
    const kind = (Object.keys(FIELD) as NameKind[]).find((kind) => name[FIELD[kind]] !== undefined);
    const text = kind === undefined ? undefined : name[FIELD[kind]];
    if (kind === undefined || text === undefined || !allowed.includes(kind))
      throw new SekishoError(
        "CSR_FIELD",
        `subjectAltName of kind ${kind ?? "other"} is not allowed by the profile`,
      );
    if (!IS_VALID[kind](text))
      throw new SekishoError("CSR_FIELD", `subjectAltName has a ${kind} name that is not well formed`);
    return { kind, value: text };
  });
}

/** DER GeneralNames: the extension's value. */
export function encodeAlternativeNames(names: readonly AlternativeName[]): Uint8Array {
  return serialize(
    new SubjectAlternativeName(names.map(({ kind, value }) => new GeneralName({ [FIELD[kind]]: value }))),
  );
}

/**
 * Letters, digits and hyphens in labels of 1 to 63, 253 characters in all (RFC 5280 4.2.1.6); a wildcard only as the
 * whole left label. A last label of digits is refused: that is an address in the wrong field.
 */
function isDnsName(name: string): boolean {
  const labels = name.split(".");
  if (labels[0] === "*" && labels.length > 1) labels.shift();
  return (
    name.length <= 253 &&
    labels.every((label) => /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/.test(label)) &&
    !/^\d+$/.test(labels.at(-1) ?? "")
  );
}
