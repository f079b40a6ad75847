import type { KeyUsageName } from "../../x509/extensions.js";
import { type CertificateRule, isCa } from "./rule.js";

const ALLOWED: ReadonlySet<KeyUsageName> = new Set(["keyCertSign", "cRLSign", "digitalSignature"]);

/** Standards I5, I16. */
export const caOtherKeyUsage: CertificateRule = {
  name: "sekisho.ca_key_usage_not_allowed",
  text: "a CA certificate's keyUsage has more than keyCertSign, cRLSign and digitalSignature",
  breaks: ({ certificate, kind }) =>
    isCa(kind) && [...(certificate.keyUsage ?? [])].some((usage) => !ALLOWED.has(usage)),
};
