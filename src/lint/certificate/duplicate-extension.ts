import { repeatedExtension } from "../../x509/extensions.js";
import type { CertificateRule } from "./rule.js";

/** RFC 5280 4.2. */
export const duplicateExtension: CertificateRule = {
  name: "pkix.duplicate_extension",
  text: "an extension stands twice",
  breaks: ({ certificate }) => repeatedExtension(certificate.extensions) !== undefined,
};
