import type { ErrorCode } from "../core/errors.js";
import type { KeyType } from "./signer.js";

/** What crosses between a TokenThread and its thread. */

export type TokenCall =
  /** Opens a session and logs in, if that is not done: shows whether the token answers. */
  | { readonly do: "open" }
  | { readonly do: "find"; readonly keyIdentifier: Uint8Array }
  | { readonly do: "list"; readonly label: string }
  | { readonly do: "generate"; readonly label: string; readonly keyType: KeyType }
  | { readonly do: "sign"; readonly keyIdentifier: Uint8Array; readonly items: readonly SigningItem[] };

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
  readonly open: true;
  readonly find: FoundKey | undefined;
  readonly list: Uint8Array[];
  readonly generate: FoundKey;
  readonly sign: Uint8Array[];
}

export interface TokenRequest {
  readonly id: number;
  readonly call: TokenCall;
}

export type TokenReply =
  | { readonly id: number; readonly value: TokenResults[TokenCall["do"]] }
  | { readonly id: number; readonly code: ErrorCode; readonly message: string };
