import type { Config } from "../core/config.js";
import { SekishoError } from "../core/errors.js";
import { openToken } from "./pkcs11.js";
import type { TokenSettings } from "./pkcs11-session.js";
import type { KeyStore } from "./signer.js";
import { openSoftwareStore } from "./software.js";

export interface OpenOptions extends Pick<TokenSettings, "initialisation" | "sessions"> {}

/**
 * Opens the key store that `[tokens.NAME]` describes, in this thread. With PKCS#11 either the main thread or a thread with
 * `initialisation` (as Pkcs11Settings.initialisation) must open one before any other thread does.
 * Throws KEY_REFUSED for a software store and for SoftHSM2 in production; TOKEN_MISSING, TOKEN_PIN, TOKEN_FAILED, FILE_ACCESS.
 */
export function openKeyStore(
  config: Config,
  tokenName: string,
  { initialisation, sessions }: OpenOptions = {},
): KeyStore {
  const token = config.tokens[tokenName];
  if (token === undefined)
    throw new SekishoError("TOKEN_MISSING", `the configuration has no [tokens.${tokenName}]`);
  if (token.provider === "software") {
    if (config.production) refuse(tokenName, "its keys are files");
    return openSoftwareStore(token.dir, token.pinFile);
  }
  if (config.pkcs11 === undefined)
    throw new SekishoError("CONFIG_INVALID", `${config.file}: token ${tokenName} needs a [pkcs11] table`);
  const { label, pinFile } = token;
  const store = openToken({ ...config.pkcs11, initialisation, sessions, label, pinFile });
  if (config.production && store.manufacturer.startsWith("SoftHSM")) {
    store.close();
    refuse(tokenName, "SoftHSM2 keeps its keys in files");
  }
  return store;
}

function refuse(tokenName: string, reason: string): never {
  throw new SekishoError("KEY_REFUSED", `token ${tokenName}: ${reason}, which production = true forbids`);
}

/**
 * Opens each token of the configuration once in this thread, when it is first asked for; its native threads have up to
 * `sessions` sessions. Throws as `openKeyStore`.
 */
export function keyStores(config: Config, sessions: number): (token: string) => KeyStore {
  const open = new Map<string, KeyStore>();
  return (token) => {
    const keyStore = open.get(token) ?? openKeyStore(config, token, { sessions });
    open.set(token, keyStore);
    return keyStore;
  };
}
