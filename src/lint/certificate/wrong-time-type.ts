import { time } from "../../asn1/time.js";
import { encode, sequence } from "../../asn1/writer.js";
import { bytesEqual } from "../../core/bytes.js";
import type { CertificateRule } from "./rule.js";

/** RFC 5280 4.1.2.5, standards I3: there is one right encoding, so the bytes are compared. */
export const wrongTimeType: CertificateRule = {
  name: "pkix.wrong_time_useful_type",
  text: "a time through 2049 is not UTCTime, or one from 2050 is not GeneralizedTime",
  breaks: ({ certificate: { validity, notBefore, notAfter } }) =>
    !bytesEqual(validity, encode(sequence(time(notBefore), time(notAfter)))),
};
