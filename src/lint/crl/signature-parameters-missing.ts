import { oid } from "../../asn1/oid.js";
import { encode, sequence } from "../../asn1/writer.js";
import { bytesEqual } from "../../core/bytes.js";
import type { CrlRule } from "./rule.js";

/** sha256WithRSAEncryption, sha384 and sha512 by their last arcs. */
const WITHOUT_NULL = [11, 12, 13].map((arc) => encode(sequence(oid(`1.2.840.113549.1.1.${arc}`))));

/** RFC 4055 5: the parameters of RSA signatures are NULL, not absent. */
export const signatureParametersMissing: CrlRule = {
  names: ["e_crl_sigalgo_missing_null_params"],
  text: "the parameters of an RSA signature algorithm are absent",
  breaks: ({ header }) => WITHOUT_NULL.some((algorithm) => bytesEqual(algorithm, header.signature)),
};
