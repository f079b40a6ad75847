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

/** What a BatchSigner signs with: a key in a PKCS#11 token this process has logged in to, or a software key. */
export type BatchSource =
  | {
      /** Path of the module. */
      readonly module: string;
      /** CK_SLOT_ID as pkcs11js gives it. */
      readonly slot: Uint8Array;
      /** CKA_ID of the private key. */
      readonly keyIdentifier: Uint8Array;
      /** CKM_ number; it takes no parameters. */
      readonly mechanism: number;
      readonly signatureOctets: number;
    }
  | {
      /** DER PKCS#8; copied, and wiped once it is read. */
      readonly privateKey: Uint8Array;
      readonly digestName: "sha256" | "sha384";
    };

export interface BatchSigner {
  /**
   * Signs each `inputOctets` of `inputs`; the results stand in the same order. Rejects with Error when one cannot be
   * signed: "C_Sign 48" (function and CKR_ number), or what OpenSSL says.
   */
  sign(inputs: Uint8Array, inputOctets: number): Promise<Uint8Array[]>;
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
  /** Signs on up to `threads` native threads, each with a session of its own. */
  readonly BatchSigner: new (
    threads: number,
    source: BatchSource,
  ) => BatchSigner;
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
