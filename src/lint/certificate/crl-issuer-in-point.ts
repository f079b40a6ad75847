import type { CertificateRule } from "./rule.js";
import { distributionPoints } from "./urls.js";

/** Standards I8. */
export const crlIssuerInPoint: CertificateRule = {
  name: "e_crlissuer_must_not_be_present_in_cdp",
  text: "a distribution point names a cRLIssuer",
  breaks: (linted) => distributionPoints(linted).some(({ cRLIssuer }) => cRLIssuer !== undefined),
};
