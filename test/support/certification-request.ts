import { generateKeyPairSync, sign } from "node:crypto";
import { OID, oid } from "../../src/asn1/oid.js";
import { encode, sequence } from "../../src/asn1/writer.js";
import { buildCertificationRequest } from "../../src/x509/certification-request.js";
import { encodeName } from "../../src/x509/name.js";
import { encodePem } from "../../src/x509/pem.js";

/** PEM of a PKCS#10 request for a fresh P-256 key with one DNS name. */
export async function makeRequest(dnsName: string): Promise<string> {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const request = await buildCertificationRequest({
    subjectName: encodeName([["commonName", dnsName]]),
    alternativeNames: [{ kind: "dns", value: dnsName }],
    subjectPublicKeyInfo: publicKey.export({ type: "spki", format: "der" }),
    signatureAlgorithm: encode(sequence(oid(OID.ecdsaWithSHA256))),
    sign: async (info) => sign("sha256", info, privateKey),
  });
  return encodePem(request, "CERTIFICATE REQUEST");
}
