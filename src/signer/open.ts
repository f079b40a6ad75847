import type { Config } from "../core/config.js";
import { SekishoError } from "../core/errors.js";
import { openToken } from "./pkcs11.js";
import { loadModule } from "./pkcs11-module.js";
import type { KeyAccess, KeyStore } from "./signer.js";
import { openSoftwareStore } from "./software.js";
import { TokenThread } from "./token-thread.js";

/**
 * Opens the key store that `[tokens.NAME]` describes. With PKCS#11 the main thread must open one (any) before a worker does.
 * Throws KEY_REFUSED for a software store and for SoftHSM2 in production; TOKEN_MISSING, TOKEN_PIN, TOKEN_FAILED, FILE_ACCESS.
 */
export function openKeyStore(config: Config, tokenName: string): KeyStore {
  const token = config.tokens[tokenName];
  if (token === undefined)
    throw new SekishoError("TOKEN_MISSING", `the configuration has no [tokens.${tokenName}]`);
  if (token.provider === "software") {
    if (config.production) refuse(tokenName, "its keys are files");
    return openSoftwareStore(token.dir, token.pinFile);
  }
  if (config.pkcs11 === undefined)
    throw new SekishoError("CONFIG_INVALID", `${config.file}: token ${tokenName} needs a [pkcs11] table`);
  const store = openToken({ ...config.pkcs11, label: token.label, pinFile: token.pinFile });
  if (config.production && store.manufacturer.startsWith("SoftHSM")) {
    store.close();
    refuse(tokenName, "SoftHSM2 keeps its keys in files");
  }
  return store;
}

function refuse(tokenName: string, reason: string): never {
  throw new SekishoError("KEY_REFUSED", `token ${tokenName}: ${reason}, which production = true forbids`);
}

/** Opens each token of the configuration once in this thread, when it is first asked for. Throws as `openKeyStore`. */
export function keyStores(config: Config): (token: string) => KeyStore {
  const open = new Map<string, KeyStore>();
  return (token) => {
    const keyStore = open.get(token) ?? openKeyStore(config, token);
    open.set(token, keyStore);
    return keyStore;
  };
}

/**
 * Access to the tokens of the configuration from a main thread, which must never wait for one: PKCS#11 tokens are opened
 * when they are first needed, each in a thread of its own; keys in files cannot hang.
 */
export class Tokens {
  private readonly known = new Map<string, KeyAccess>();

  constructor(private readonly config: Config) {}

  /** Throws TOKEN_FAILED if the module cannot be loaded, and as `openKeyStore` for a software store. */
  readonly access = (token: string): KeyAccess => {
    const access = this.known.get(token) ?? this.reach(token);
    this.known.set(token, access);
    return access;
  };

  /** Opens a token now and logs in. Throws as its calls do. */
  async open(token: string): Promise<void> {
    const access = this.access(token);
    if (access instanceof TokenThread) await access.open();
  }

  /** True while some call has not returned: the process can then only end by SIGKILL. */
  get hang(): boolean {
    return [...this.known.values()].some(({ hangs }) => hangs === true);
  }

  close(): void {
    for (const access of this.known.values()) access.close();
  }

  private reach(token: string): KeyAccess {
    const { config } = this;
    if (config.tokens[token]?.provider !== "pkcs11" || config.pkcs11 === undefined)
      return openKeyStore(config, token);
    loadModule(config.pkcs11);
    return new TokenThread(config, token);
  }
}
