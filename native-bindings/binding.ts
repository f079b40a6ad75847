import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Bounds of the acceptor; bytes and milliseconds. `maxWaiting`: connections whose request head is not whole yet. */
export interface AcceptorLimits {
  readonly maxHeadBytes: number;
  readonly maxBodyBytes: number;
  readonly headTimeoutMs: number;
  readonly maxConnectionsPerPeer: number;
  readonly maxWaiting: number;
}

/**
 * What a connection's first bytes are: `plain`, a whole HTTP/1.1 head that every parser reads alike; `other`, anything
 * else; `expired`, a head that was not whole in time.
 */
export type ConnectionKind = "plain" | "other" | "expired";

export interface Acceptor {
  /** Stops accepting; connections whose head is not whole are handed over at once, as `other`. Further calls do nothing. */
  close(): void;
}

/** A private key in a PKCS#11 token and how it signs a digest. */
export interface TokenKey {
  /** CK_SLOT_ID as pkcs11js gives it. */
  readonly slot: Uint8Array;
  /** CKA_ID, which no other private key has. */
  readonly identifier: Uint8Array;
  /** CKM_ number; it takes no parameters. */
  readonly mechanism: number;
  /** What the mechanism is given before the digest; may be empty. */
  readonly prefix: Uint8Array;
  readonly digestOctets: number;
  readonly signatureOctets: number;
}

/** A Cryptoki function has returned something else than CKR_OK. */
export interface CryptokiFault extends Error {
  /** `C_Sign`, for example; CKR_SESSION_CLOSED of C_CloseSession stands for a signer that is closed. */
  readonly functionName: string;
  /** CKR_ number. */
  readonly returnValue: number;
}

/** Signs on native threads, each with a session of its own. The process must have logged in to the token. */
export interface TokenSigner {
  /**
   * Signs each `key.digestOctets` octets of `digests`; resolves with the signatures end to end, in the same order.
   * Rejects with CryptokiFault when one cannot be made. After that every session is opened anew before it signs again.
   */
  sign(key: TokenKey, digests: Uint8Array): Promise<Uint8Array>;
  /** Rejects what is under way and starts no more signatures. Sessions are given back once no call is out in them. */
  close(): void;
}

/**
 * How a software key computes many signatures at once: in lanes of AVX-512 registers, multiplying by VPMADD52 (IFMA) or by
 * VFMADD; `none`: one after the other by OpenSSL.
 */
export type LaneKind = "ifma" | "fma" | "none";

/** An ECDSA key in memory. */
export interface EcKey {
  /** Most octets of a DER Ecdsa-Sig-Value. */
  readonly signatureOctets: number;
  /**
   * Signs each `digestOctets` octets of `digests`. The i-th signature begins at i * signatureOctets in `signatures` and
   * has lengths[i] octets. Throws Error with what OpenSSL says.
   */
  sign(digests: Uint8Array, digestOctets: number, signatures: Uint8Array, lengths: Uint8Array): void;
}

/** An RSA key in memory, of 2048 bits. */
export interface RsaKey {
  /**
   * RSASSA-PKCS1-v1_5 of each 32 octets of `digests`, which are SHA-256. The i-th signature has the 256 octets from
   * i * 256 in `signatures`. Throws Error if one does not verify; then none may be used.
   */
  sign(digests: Uint8Array, signatures: Uint8Array): void;
}

/** The C++ addon. Wrong arguments throw TypeError; a failed system call throws Error with `code` and `syscall`. */
export interface Bindings {
  /** Binds and listens, never sharing the port. `host` is an IPv4 or IPv6 address; port 0 chooses one. */
  listen(host: string, port: number, backlog: number): { readonly fd: number; readonly port: number };
  /** Accepts on `fd`, which it owns from then on. Each descriptor that `callback` gets is the callback's to close. */
  readonly Acceptor: new (
    fd: number,
    limits: AcceptorLimits,
    callback: (fd: number, kind: ConnectionKind) => void,
  ) => Acceptor;
  /** Looks up the C functions for `adopt` in a uWebSockets.js binary that Node has loaded; false if it lacks them. */
  findAdoption(path: string): boolean;
  /** Gives the connection `fd` to the app that gave `listenSocket` to its listen callback. No other External may be passed. */
  adopt(listenSocket: object, fd: number): void;
  /**
   * The first `bytes` of a regular file, shared with every process that maps it. The memory of a file mapped without
   * `writable` must not be written, and a mapped file must not be truncated: the kernel ends the process for either.
   */
  mapFile(path: string, bytes: number, writable: boolean): ArrayBuffer;
  /** Milliseconds since boot, suspend included. */
  bootMilliseconds(): number;
  /** For the PKCS#11 module of that path, with up to `sessions` sessions. Throws Error if it is none. */
  readonly TokenSigner: new (
    module: string,
    sessions: number,
  ) => TokenSigner;
  /** What this processor has, the best first. */
  readonly laneKinds: readonly LaneKind[];
  /**
   * `privateKey` is DER PKCS#8 or SEC 1, read and not kept; `lanes` one of `laneKinds`, the best if it is not given. Throws
   * TypeError if it is no EC key, or Node exports no OpenSSL.
   */
  readonly EcKey: new (
    privateKey: Uint8Array,
    lanes?: LaneKind,
  ) => EcKey;
  /**
   * `privateKey` is DER PKCS#8 or RFC 8017 RSAPrivateKey, read and not kept. Throws TypeError if it is not an RSA key of
   * 2048 bits, two primes of equal length and the public exponent 65537, if `lanes`, or the best, is `none`, or if Node
   * exports no OpenSSL.
   */
  readonly RsaKey: new (
    privateKey: Uint8Array,
    lanes?: LaneKind,
  ) => RsaKey;
}

export type LoadedBindings =
  | { readonly bindings: Bindings }
  | { readonly bindings: undefined; readonly reason: string };

/** Loads the addon. Without it everything works, only slower: the caller says so once, with the reason. */
export function loadBindings(): LoadedBindings {
  const file = addonFile();
  if (!existsSync(file)) return { bindings: undefined, reason: "the C++ addon is not built" };
  try {
    return { bindings: createRequire(import.meta.url)(file) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { bindings: undefined, reason: `the C++ addon does not load: ${reason}` };
  }
}

/** The compiled loader lies below dist/, the addon beside package.json. */
function addonFile(): string {
  let root = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(root, "package.json")) && dirname(root) !== root) root = dirname(root);
  return join(root, "native-bindings", "build", "Release", "sekisho.node");
}
