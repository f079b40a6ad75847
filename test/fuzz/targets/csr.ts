import { createPublicKey, sign } from "node:crypto";
import { DerReader } from "../../../src/asn1/reader.js";
import { TAG } from "../../../src/asn1/tags.js";
import { bitString, encode, encoded, sequence } from "../../../src/asn1/writer.js";
import { isSekishoError, SekishoError } from "../../../src/core/errors.js";
import { parseCertificationRequest } from "../../../src/x509/certification-request.js";
import { grantedFields } from "../../../src/x509/requested-fields.js";
import { TEST_PROFILES } from "../../support/test-ca.js";
import { equalBytes, observe, refusalPlace, roughly } from "../observe.js";
import { OpensslJudge } from "../openssl-judge.js";
import { assertReencodes } from "../reencode.js";
import { Finding, type FuzzTarget } from "../target.js";
import { csrKey } from "./csr-key.js";

/**
 * The parser of certification requests and what takes subject and names out of them. A changed request has a wrong
 * signature and would get no further, so it is signed anew by the key that the corpus uses.
 */
export class CsrTarget implements FuzzTarget {
  readonly name = "csr";
  readonly syntax = "der";
  /** An RSA modulus is looked at for known weaknesses: arithmetic that operators wait for, and no relying party can cause. */
  readonly longestMs = 500;
  private readonly openssl = new OpensslJudge();

  check(input: Uint8Array): string {
    const asGiven = outcomeOf(input);
    const signed = signedAnew(input);
    return signed === undefined ? asGiven : `${asGiven} | ${outcomeOf(signed)}`;
  }

  judge(input: Uint8Array): void {
    const signed = signedAnew(input) ?? input;
    if (!outcomeOf(signed).startsWith("accepted granted")) return;
    const again = this.openssl.certificationRequest(signed);
    if (again === undefined) throw new Finding("accepted, and openssl reads no request");
    if (!equalBytes(again, signed)) throw new Finding("accepted, and openssl writes it otherwise");
  }
}

const CODES = ["DER_INVALID", "CSR_FIELD", "CSR_KEY", "CSR_SIGNATURE"] as const;
const isRefusal = (error: unknown): boolean => isSekishoError(error, ...CODES);

function outcomeOf(input: Uint8Array): string {
  const observed = observe(input, parse, isRefusal);
  if (!observed.accepted) return refusalPlace(observed.error);
  assertReencodes(input, "a certification request");
  return observed.value;
}

/** A request that is accepted, and what the profile grants of it. */
function parse(bytes: Uint8Array): string {
  const request = parseCertificationRequest(bytes);
  try {
    const { subjectName, alternativeNames } = grantedFields(request, PROFILE);
    assertReencodes(subjectName, "a subject");
    return `accepted granted ${roughly(alternativeNames.length)} ${kinds(alternativeNames)}`;
  } catch (error) {
    if (error instanceof SekishoError) return `accepted ${refusalPlace(error)}`;
    throw error;
  }
}

const kinds = (names: readonly { readonly kind: string }[]): string =>
  [...new Set(names.map(({ kind }) => kind))].sort().join();

/** Grants all that can be granted, so that all of it is read. */
const PROFILE = {
  ...TEST_PROFILES.tlsServer,
  keyUsage: [...TEST_PROFILES.tlsServer.keyUsage],
  extendedKeyUsage: [...TEST_PROFILES.tlsServer.extendedKeyUsage],
  subjectFields: ["commonName", "organization", "organizationalUnit", "country", "locality", "state"],
  subjectAltName: ["dns", "ip", "email", "uri"],
} satisfies Parameters<typeof grantedFields>[1];

const PRIVATE_KEY = csrKey();
const PUBLIC_KEY: Buffer = createPublicKey(PRIVATE_KEY).export({ format: "der", type: "spki" });
const ECDSA_WITH_SHA256 = Buffer.from("300a06082a8648ce3d040302", "hex");

/** The request with a right signature, if its first element names the corpus's key. */
function signedAnew(input: Uint8Array): Uint8Array | undefined {
  const info = firstElement(input);
  if (info === undefined || !Buffer.from(info).includes(PUBLIC_KEY)) return undefined;
  const signature = sign("sha256", info, PRIVATE_KEY);
  return encode(sequence(encoded(info), encoded(ECDSA_WITH_SHA256), bitString(signature)));
}

function firstElement(document: Uint8Array): Uint8Array | undefined {
  const reader = new DerReader(document);
  try {
    reader.enter(TAG.SEQUENCE);
    reader.next(TAG.SEQUENCE);
    return reader.element();
  } catch {
    return undefined;
  }
}
