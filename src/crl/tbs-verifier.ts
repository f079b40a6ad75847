import { createVerify, type KeyObject, type Verify } from "node:crypto";
import { OID, oid } from "../asn1/oid.js";
import { encode, nullValue, sequence } from "../asn1/writer.js";
import { bytesEqual } from "../core/bytes.js";
import { SekishoError } from "../core/errors.js";

interface SignatureAlgorithm {
  readonly der: Uint8Array;
  readonly keyType: "rsa" | "ec";
  readonly hash: "sha256" | "sha384";
}

/** RSA with NULL parameters, ECDSA without (RFC 4055, RFC 5758; standards I21). */
const ALGORITHMS: readonly SignatureAlgorithm[] = [
  { der: encode(sequence(oid(OID.sha256WithRSAEncryption), nullValue)), keyType: "rsa", hash: "sha256" },
  { der: encode(sequence(oid(OID.ecdsaWithSHA256))), keyType: "ec", hash: "sha256" },
  { der: encode(sequence(oid(OID.ecdsaWithSHA384))), keyType: "ec", hash: "sha384" },
];

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
    const algorithm = ALGORITHMS.find(({ der }) => bytesEqual(der, signatureAlgorithm));
    if (algorithm === undefined)
      throw new SekishoError("CRL_INVALID", "the CRL's signature algorithm is not supported");
    if (algorithm.keyType !== this.publicKey.asymmetricKeyType)
      throw new SekishoError("CRL_INVALID", "the CRL's signature algorithm does not fit the issuer's key");
    return createVerify(algorithm.hash);
  }
}
