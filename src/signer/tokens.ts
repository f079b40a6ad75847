import type { Config } from "../core/config.js";
import type { Log } from "../core/log.js";
import { openKeyStore } from "./open.js";
import type { KeyAccess } from "./signer.js";
import { TokenThread } from "./token-thread.js";

/**
 * Access to the tokens of the configuration from a main thread, which must never wait for one: PKCS#11 tokens are opened
 * when they are first needed, each in a thread of its own; keys in files cannot hang.
 */
export class Tokens {
  private readonly known = new Map<string, KeyAccess>();
  /** As Pkcs11Settings.initialisation. */
  private readonly initialisation = new SharedArrayBuffer(4);

  constructor(
    private readonly config: Config,
    private readonly log: Log,
  ) {}

  /** Throws as `openKeyStore` for a software store. */
  readonly access = (token: string): KeyAccess => {
    const access = this.known.get(token) ?? this.reach(token);
    this.known.set(token, access);
    return access;
  };

  /** Opens a token now and logs in. Throws as its calls do. */
  async open(token: string): Promise<void> {
    await this.access(token).list("");
  }

  /** Gives sessions back. Resolves with true if a call is out that may never return: the process can then end only by SIGKILL. */
  async close(): Promise<boolean> {
    const all = [...this.known.values()];
    await Promise.all(all.map((access) => access.close()));
    return all.some(({ hangs }) => hangs === true);
  }

  private reach(token: string): KeyAccess {
    const { config, initialisation, log } = this;
    if (config.tokens[token]?.provider !== "pkcs11") return openKeyStore(config, token);
    return new TokenThread(config, token, initialisation, log);
  }
}
