import type { ErrorCode } from "../core/errors.js";
import type { KeyType } from "./signer.js";

/** What crosses between a CallThread and its thread: one call, then its reply. */

export type TokenCall =
  | { readonly do: "find"; readonly keyIdentifier: Uint8Array }
  | { readonly do: "list"; readonly label: string }
  | { readonly do: "generate"; readonly label: string; readonly keyType: KeyType }
  | { readonly do: "sign"; readonly keyIdentifier: Uint8Array; readonly items: readonly SigningItem[] }
  /** Gives the session back and ends the thread; has no reply. */
  | { readonly do: "end" };

export interface SigningItem {
  readonly digest: Uint8Array;
  /** The message in pieces; absent where the digest suffices. */
  readonly message?: readonly Uint8Array[];
}

/** A key pair found in the token. */
export interface FoundKey {
  readonly subjectPublicKeyInfo: Uint8Array;
  readonly needsMessage: boolean;
}

export interface TokenResults {
  readonly find: FoundKey | undefined;
  readonly list: Uint8Array[];
  readonly generate: FoundKey;
  readonly sign: Uint8Array[];
}

export interface TokenFailure {
  readonly code: ErrorCode;
  readonly message: string;
  /** The token refused the PIN: it must not be tried again. */
  readonly pinRefused: boolean;
}

export type TokenReply =
  | { readonly value: TokenResults[keyof TokenResults] }
  | { readonly failure: TokenFailure };

/** `workerData` of a thread. */
export interface TokenThreadData {
  /** The whole configuration. */
  readonly config: unknown;
  /** Name of the token in it. */
  readonly token: string;
  /** As Pkcs11Settings.initialisation. */
  readonly initialisation: SharedArrayBuffer;
}
