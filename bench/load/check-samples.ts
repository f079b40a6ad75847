import { X509Certificate } from "node:crypto";
import { OID } from "../../src/asn1/oid.js";
import { encode, octetString } from "../../src/asn1/writer.js";
import { asBuffer, bytesEqual, hex } from "../../src/core/bytes.js";
import { parseOcspRequest } from "../../src/ocsp/request.js";
import type { Certificate } from "../../src/x509/certificate.js";
import { readOcspAnswer } from "../../tools/conformance/ocsp-answer.js";
import { signerOf } from "../../tools/conformance/signer.js";
import type { CertStatusName } from "./question.js";
import type { Sample } from "./run-generator.js";

/** What the answers to a load must say. */
export interface Asked {
  readonly issuer: Certificate;
  /** DER OCSPRequest of each question, the nonce in it aside. */
  readonly requests: readonly Buffer[];
  readonly statuses: readonly CertStatusName[];
}

/** Looks closely at sampled answers: CertID, nonce, status, times, signature and whose key made it. Throws at the first fault. */
export function checkSamples(samples: readonly Sample[], asked: Asked): void {
  for (const sample of samples) {
    const fault = faultOf(sample, asked);
    if (fault !== undefined) throw new Error(`a sampled answer ${fault}: ${sample.body}`);
  }
}

function faultOf(
  { question, nonce, body }: Sample,
  { issuer, requests, statuses }: Asked,
): string | undefined {
  const { status, basic } = readOcspAnswer(Buffer.from(body, "hex"));
  if (basic === undefined) return `has OCSP status ${status}`;
  const [single, ...others] = basic.singles;
  if (single === undefined || others.length > 0) return "has not one SingleResponse";
  const [certID] = parseOcspRequest(requests[question] as Buffer).certIDs;
  if (certID === undefined || !bytesEqual(certID.encoded, single.certID)) return "has another CertID";
  if (!statuses.some((name) => name === single.status)) return `says ${single.status}`;
  const now = Date.now() / 1000;
  if (single.thisUpdate.seconds > now + 1 || (single.nextUpdate?.seconds ?? now) < now)
    return "is not current";
  const echoed = basic.extensions.find(({ oid }) => oid === OID.idPkixOcspNonce)?.value;
  const expected = nonce === "" ? undefined : hex(encode(octetString(Buffer.from(nonce, "hex"))));
  if (expected !== undefined && (echoed === undefined || hex(echoed) !== expected))
    return "has another nonce";
  const signer = signerOf(basic, issuer);
  if (signer === undefined) return "has a signature that does not verify";
  const isIssued =
    signer === issuer ||
    new X509Certificate(asBuffer(signer.der)).verify(new X509Certificate(asBuffer(issuer.der)).publicKey);
  return isIssued ? undefined : "is signed by a key that the issuer has not certified";
}
