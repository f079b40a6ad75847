import { contextPrimitive } from "../../asn1/tags.js";
import { encode, primitive, sequence } from "../../asn1/writer.js";
import { bytesEqual } from "../../core/bytes.js";
import { type CertificateRule, extensionOf } from "./rule.js";

/** Standards I6, C6: keyIdentifier alone, equal to the issuer's subjectKeyIdentifier; a root may omit it. */
export const authorityKeyIdentifier: CertificateRule = {
  name: "sekisho.authority_key_identifier_not_of_issuer",
  text: "authorityKeyIdentifier is not exactly the issuer's key identifier, non-critical",
  breaks: (linted) => {
    const { issuer, kind } = linted;
    const extension = extensionOf(linted, "authorityKeyIdentifier");
    if (extension === undefined) return kind !== "root";
    if (extension.critical || issuer.subjectKeyIdentifier === undefined) return true;
    const keyIdentifier = primitive(contextPrimitive(0), issuer.subjectKeyIdentifier);
    return !bytesEqual(extension.value, encode(sequence(keyIdentifier)));
  },
};
