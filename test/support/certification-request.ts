import { buildCertificationRequest } from "../../src/x509/certification-request.js";
import { encodeName } from "../../src/x509/name.js";
import { encodePem } from "../../src/x509/pem.js";
import { TestSigner } from "./test-ca.js";

/** PEM of a PKCS#10 request with a common name and one DNS name, for a fresh P-256 key unless one is given. */
export function makeRequest(dnsName: string, signer = new TestSigner()): Promise<string> {
  return requestFor(dnsName, signer, [{ kind: "dns", value: dnsName }]);
}

/** PEM of a PKCS#10 request with a common name alone. */
export function plainRequest(commonName: string, signer = new TestSigner()): Promise<string> {
  return requestFor(commonName, signer, []);
}

async function requestFor(
  commonName: string,
  signer: TestSigner,
  alternativeNames: readonly { readonly kind: "dns"; readonly value: string }[],
): Promise<string> {
  const request = await buildCertificationRequest({
    subjectName: encodeName([["commonName", commonName]]),
    alternativeNames,
    subjectPublicKeyInfo: signer.subjectPublicKeyInfo,
    signatureAlgorithm: signer.signatureAlgorithm,
    sign: async (info) => signer.signNow(info),
  });
  return encodePem(request, "CERTIFICATE REQUEST");
}
