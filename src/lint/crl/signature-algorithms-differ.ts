import { bytesEqual } from "../../core/bytes.js";
import type { CrlRule } from "./rule.js";

/** RFC 5280 5.1.1.2, standards G2. A list that is not signed yet has only one. */
export const signatureAlgorithmsDiffer: CrlRule = {
  names: ["pkix.crl_signature_algorithm_match"],
  text: "the signature algorithms inside and outside differ",
  breaks: ({ header, envelope }) =>
    envelope !== undefined && !bytesEqual(envelope.signatureAlgorithm, header.signature),
};
