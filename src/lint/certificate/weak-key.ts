import { isSekishoError } from "../../core/errors.js";
import type { TbsCertificate } from "../../x509/certificate.js";
import { checkPublicKey } from "../../x509/public-key.js";
import type { CertificateRule } from "./rule.js";

/** Standards I19, I21. */
export const weakKey: CertificateRule = {
  name: "sekisho.public_key_weak",
  text: "the public key is weak or of an unsupported type",
  breaks: ({ certificate }) => isRefused(certificate),
};

function isRefused({ subjectPublicKeyInfo }: TbsCertificate): boolean {
  try {
    checkPublicKey(subjectPublicKeyInfo);
    return false;
  } catch (error) {
    if (isSekishoError(error, "CSR_KEY")) return true;
    throw error;
  }
}
