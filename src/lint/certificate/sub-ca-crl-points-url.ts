import type { CertificateRule } from "./rule.js";
import { distributionPoints, isHttp } from "./urls.js";

/** Standards I8. */
export const subCaCrlPointsUrl: CertificateRule = {
  name: "e_sub_ca_crl_distribution_points_does_not_contain_url",
  text: "a distribution point of a subordinate CA certificate has no http URL",
  breaks: (linted) =>
    linted.kind === "subordinate-ca" &&
    distributionPoints(linted).some(
      ({ distributionPoint }) => distributionPoint?.fullName?.some(isHttp) !== true,
    ),
};
