import { createVerify, type KeyObject, type Verify } from "node:crypto";
import { findSignatureAlgorithm } from "../asn1/signature-algorithm.js";
import { SekishoError } from "../core/errors.js";

/** Verifies the signature over a tbsCertList whose bytes come in pieces. */
export class TbsVerifier {
  private readonly publicKey: KeyObject;
  private verifier: Verify | undefined;

  constructor(publicKey: KeyObject) {
    this.publicKey = publicKey;
  }

  /** Takes the next piece. Throws SekishoError CRL_INVALID on a DER AlgorithmIdentifier that is not for this key. */
  update(bytes: Uint8Array, signatureAlgorithm: Uint8Array): void {
    this.verifier ??= this.start(signatureAlgorithm);
    this.verifier.update(bytes);
  }

  /** True if the key made the signature over all pieces. May be asked once. */
  verify(signature: Uint8Array): boolean {
    return this.verifier?.verify(this.publicKey, signature) ?? false;
  }

  private start(signatureAlgorithm: Uint8Array): Verify {
    const algorithm = findSignatureAlgorithm(signatureAlgorithm);
    if (algorithm === undefined)
      throw new SekishoError("CRL_INVALID", "the signature algorithm of the CRL is not accepted");
    if (algorithm.keyFamily !== this.publicKey.asymmetricKeyType)
      throw new SekishoError("CRL_INVALID", "the signature algorithm is not one of the issuer's key");
    return createVerify(algorithm.hash);
  }
}
