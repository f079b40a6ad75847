import type { CertificateRule } from "./rule.js";
import { accessLocations, isHttp } from "./urls.js";

/** Standards F22, I9; asked of caIssuers too. */
export const accessNotHttp: CertificateRule = {
  name: "e_aia_ocsp_must_have_http_only",
  text: "a location in authorityInfoAccess is not an http URL",
  breaks: (linted) =>
    [...accessLocations(linted, "idAdOcsp"), ...accessLocations(linted, "idAdCaIssuers")].some(
      (location) => !isHttp(location),
    ),
};
