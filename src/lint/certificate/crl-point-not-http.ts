import type { CertificateRule } from "./rule.js";
import { distributionPoints, isHttp } from "./urls.js";

/** Standards F22, I8. */
export const crlPointNotHttp: CertificateRule = {
  name: "e_crl_distrib_points_not_http",
  text: "a distribution point is not a list of http URLs alone",
  breaks: (linted) =>
    distributionPoints(linted).some(
      ({ distributionPoint, reasons }) =>
        reasons !== undefined || distributionPoint?.fullName?.every(isHttp) !== true,
    ),
};
