import type { Handle } from "pkcs11js";
import pkcs11js from "pkcs11js";
import { type CryptokiFault, loadBindings, type TokenSigner } from "../../native-bindings/binding.js";
import { asBuffer, hex } from "../core/bytes.js";
import { SekishoError } from "../core/errors.js";
import { algorithmOf, DIGEST_INFO_SHA256, describeKey, ecdsaSigValue, packDigests } from "./algorithms.js";
import { CryptokiError, cryptoki, returnValueName } from "./pkcs11-module.js";
import { findPrivateKey, generateKeyPair, listPrivateKeys, readPublicKey } from "./pkcs11-objects.js";
import { type OpenSession, TokenSession, type TokenSettings } from "./pkcs11-session.js";
import type { KeyStore, KeyType, Signer, ToBeSigned } from "./signer.js";

/**
 * Opens a token: finds it by label and logs in. `mechanisms` stands for what C_GetMechanismList says, so that tests can
 * take away what a lesser token lacks. Throws TOKEN_MISSING, TOKEN_PIN, TOKEN_FAILED.
 */
export function openToken(settings: TokenSettings, mechanisms?: ReadonlySet<number>): Pkcs11KeyStore {
  const session = new TokenSession(settings);
  return new Pkcs11KeyStore(session, mechanisms ?? session.mechanisms(), tokenSigner(settings));
}

/** Native threads, if they are wanted and there is an addon to make them. */
function tokenSigner({ module, sessions }: TokenSettings): TokenSigner | undefined {
  if (sessions === undefined) return undefined;
  const { bindings } = loadBindings();
  return bindings === undefined ? undefined : new bindings.TokenSigner(module, sessions);
}

/** The keys of one PKCS#11 token. Made by `openToken`. */
export class Pkcs11KeyStore implements KeyStore {
  constructor(
    private readonly session: TokenSession,
    private readonly mechanisms: ReadonlySet<number>,
    /** Signs where the token takes digests; undefined: this thread does. */
    private readonly native: TokenSigner | undefined,
  ) {}

  /** manufacturerID of the module, for example "SoftHSM". */
  get manufacturer(): string {
    return this.session.module.manufacturer;
  }

  findSigner(keyIdentifier: Uint8Array): Signer | undefined {
    const spki = this.session.run((session) =>
      findPrivateKey(session, keyIdentifier) === undefined
        ? undefined
        : readPublicKey(session, keyIdentifier),
    );
    return spki === undefined ? undefined : this.signer(keyIdentifier, spki);
  }

  list(label: string): Uint8Array[] {
    return this.session.run((session) => listPrivateKeys(session, label));
  }

  generate(label: string, keyType: KeyType): Signer {
    const keyIdentifier = this.session.runWriting((session) => generateKeyPair(session, label, keyType));
    const signer = this.findSigner(keyIdentifier);
    if (signer === undefined)
      throw new SekishoError("TOKEN_FAILED", `the token lost the key ${hex(keyIdentifier)} it generated`);
    return signer;
  }

  close(): void {
    this.session.close();
    this.native?.close();
  }

  private signer(keyIdentifier: Uint8Array, spki: Uint8Array): Signer {
    const key = describeKey(spki);
    const scheme = chooseScheme(key.keyType, this.mechanisms);
    const { session, native } = this;
    const privateKey = (open: OpenSession): Handle => requiredKey(open, keyIdentifier);
    return {
      ...key,
      needsMessage: scheme.tokenHashes,
      sign:
        native === undefined || scheme.tokenHashes
          ? async (batch) =>
              session.run((open) => batch.map((item) => signOne(open, privateKey(open), scheme, item)))
          : (batch) =>
              session.runNative(async (open) => {
                privateKey(open);
                return signNatively(native, { slot: open.slot, identifier: keyIdentifier }, scheme, batch);
              }),
    };
  }
}

/** The private key, its attributes checked in this session. Throws KEY_MISSING, KEY_ATTRIBUTES. */
function requiredKey(session: OpenSession, keyIdentifier: Uint8Array): Handle {
  const key = findPrivateKey(session, keyIdentifier);
  if (key === undefined)
    throw new SekishoError("KEY_MISSING", `the token no longer holds the key ${hex(keyIdentifier)}`);
  return key;
}

/** How a token signs with a key type. */
interface Scheme {
  readonly mechanism: number;
  /** The token hashes the message itself: it lacks the mechanism that takes a digest. */
  readonly tokenHashes: boolean;
  readonly digestSize: number;
  readonly rawSignatureSize: number;
  /** What a mechanism without hashing is given before the digest. */
  readonly prefix: Uint8Array;
  readonly output: (raw: Uint8Array) => Uint8Array;
}

function chooseScheme(keyType: KeyType, mechanisms: ReadonlySet<number>): Scheme {
  const { family, digestSize, rawSignatureSize } = algorithmOf(keyType);
  const digest = family === "rsa" ? pkcs11js.CKM_RSA_PKCS : pkcs11js.CKM_ECDSA;
  const message = HASHING_MECHANISMS[keyType];
  const tokenHashes = !mechanisms.has(digest);
  if (tokenHashes && !mechanisms.has(message))
    throw new SekishoError(
      "TOKEN_FAILED",
      `the token has no mechanism that signs with a key of type ${keyType}`,
    );
  return {
    mechanism: tokenHashes ? message : digest,
    tokenHashes,
    digestSize,
    rawSignatureSize,
    prefix: family === "rsa" ? DIGEST_INFO_SHA256 : new Uint8Array(0),
    output: family === "rsa" ? (raw) => raw : ecdsaSigValue,
  };
}

const HASHING_MECHANISMS: Record<KeyType, number> = {
  rsa2048: pkcs11js.CKM_SHA256_RSA_PKCS,
  rsa3072: pkcs11js.CKM_SHA256_RSA_PKCS,
  rsa4096: pkcs11js.CKM_SHA256_RSA_PKCS,
  p256: pkcs11js.CKM_ECDSA_SHA256,
  p384: pkcs11js.CKM_ECDSA_SHA384,
};

function signOne(session: OpenSession, key: Handle, scheme: Scheme, item: ToBeSigned): Uint8Array {
  const { api, handle } = session;
  const out = Buffer.alloc(scheme.rawSignatureSize);
  cryptoki("C_SignInit", () => api.C_SignInit(handle, { mechanism: scheme.mechanism }, key));
  const raw = scheme.tokenHashes
    ? signMessage(session, item, out)
    : cryptoki("C_Sign", () =>
        api.C_Sign(handle, Buffer.concat([scheme.prefix, packDigests([item], scheme.digestSize)]), out),
      );
  if (raw.length !== scheme.rawSignatureSize)
    throw new SekishoError("TOKEN_FAILED", `the token returned a signature of ${raw.length} octets`);
  return scheme.output(raw);
}

function signMessage({ api, handle }: OpenSession, item: ToBeSigned, out: Buffer): Buffer {
  for (const chunk of item.chunks())
    cryptoki("C_SignUpdate", () => api.C_SignUpdate(handle, asBuffer(chunk)));
  return cryptoki("C_SignFinal", () => api.C_SignFinal(handle, out));
}

/** Has the native threads sign; they find the key, whose attributes this thread has checked, by its identifier. */
async function signNatively(
  signer: TokenSigner,
  key: { readonly slot: Uint8Array; readonly identifier: Uint8Array },
  { mechanism, prefix, digestSize, rawSignatureSize, output }: Scheme,
  batch: readonly ToBeSigned[],
): Promise<Uint8Array[]> {
  if (batch.length === 0) return [];
  const digests = packDigests(batch, digestSize);
  const use = { ...key, mechanism, prefix, digestOctets: digestSize, signatureOctets: rawSignatureSize };
  const signatures = await signer.sign(use, digests).catch(asCryptokiError);
  return batch.map((_, i) => output(signatures.subarray(i * rawSignatureSize, (i + 1) * rawSignatureSize)));
}

function asCryptokiError(fault: CryptokiFault): never {
  const { functionName, returnValue } = fault;
  throw new CryptokiError(functionName, returnValueName(returnValue), returnValue, fault);
}
