import type { KeyObject } from "node:crypto";

/** Key types that may be generated and used (standards I19). */
export type KeyType = "rsa2048" | "rsa3072" | "rsa4096" | "p256" | "p384";

/** Hash that is signed with a key type: SHA-384 for P-384, else SHA-256 (RFC 4055, RFC 5758). */
export type DigestName = "sha256" | "sha384";

/**
 * What is to be signed. Signers that can take the digest do; modules without CKM_RSA_PKCS or CKM_ECDSA, and
 * node:crypto for ECDSA, hash the message themselves and read it through `chunks`.
 */
export interface ToBeSigned {
  /** Digest of the message by the signer's `digestName`. */
  readonly digest: Uint8Array;
  /** The message, again from its beginning at each call. */
  chunks(): Iterable<Uint8Array>;
}

/** One private key, somewhere, that signs batches. */
export interface Signer {
  readonly keyType: KeyType;
  readonly digestName: DigestName;
  /** DER AlgorithmIdentifier of the signatures (standards I21: RSA with NULL, ECDSA without parameters). */
  readonly signatureAlgorithm: Uint8Array;
  readonly publicKey: KeyObject;
  /** DER SubjectPublicKeyInfo of `publicKey`. */
  readonly subjectPublicKeyInfo: Uint8Array;
  /** True if `sign` reads the message itself; otherwise the digest suffices. */
  readonly needsMessage?: boolean;
  /**
   * Signs each element; the results stand in the same order. RSASSA-PKCS1-v1_5, or ECDSA as DER Ecdsa-Sig-Value.
   * Throws SekishoError TOKEN_FAILED when the key's holder fails; then none of the batch may be used.
   */
  sign(batch: readonly ToBeSigned[]): Promise<Uint8Array[]>;
}

/** A place that holds keys: one PKCS#11 token, or one directory of encrypted PKCS#8 files. */
export interface KeyStore {
  /** The key pair by its 20-octet key identifier (SHA-1 of the public key bits, RFC 5280 4.2.1.2 (1)); undefined if absent. */
  findSigner(keyIdentifier: Uint8Array): Signer | undefined;
  /** Key identifiers of every key pair with `label`. */
  list(label: string): Uint8Array[];
  /** Generates a key pair, stored durably before it returns. */
  generate(label: string, keyType: KeyType): Signer;
  /** Gives back sessions. Does not log out: that hits every session of the process. */
  close(): void;
}

/** A key store whose calls may run in another thread and be given up there (TOKEN_TIMEOUT). Every KeyStore is one. */
export interface KeyAccess {
  findSigner(keyIdentifier: Uint8Array): Signer | undefined | Promise<Signer | undefined>;
  list(label: string): Uint8Array[] | Promise<Uint8Array[]>;
  generate(label: string, keyType: KeyType): Signer | Promise<Signer>;
  /** Why it does not work now, and for how long; undefined while it does. */
  readonly fault?: string | undefined;
  /** True while a call is out that may never return: then the process can only end by SIGKILL. */
  readonly hangs?: boolean;
  close(): void | Promise<void>;
}
