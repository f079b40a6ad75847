import { parentPort, workerData } from "node:worker_threads";
import { hex } from "../core/bytes.js";
import type { Config } from "../core/config.js";
import { SekishoError, toSekishoError } from "../core/errors.js";
import { openKeyStore } from "./open.js";
import { isPinRefusal } from "./pkcs11-session.js";
import type { KeyStore, Signer } from "./signer.js";
import type {
  FoundKey,
  SigningItem,
  TokenCall,
  TokenFailure,
  TokenReply,
  TokenResults,
} from "./token-messages.js";

/**
 * The thread of a CallThread: does one call after the other with a session of its own, for as long as each takes. Opens
 * the token at the first call, and at the next one if that failed.
 */

const {
  config,
  token,
  initialisation,
}: { config: Config; token: string; initialisation: SharedArrayBuffer } = workerData;
const port = parentPort;
if (port === null) throw new Error("token-worker runs in a worker thread");
const signers = new Map<string, Signer>();
let opened: KeyStore | undefined;

port.on("message", (call: TokenCall) => {
  if (call.do === "end") {
    opened?.close();
    port.close();
    return;
  }
  perform(call).then(
    (value) => port.postMessage({ value } satisfies TokenReply),
    (error: unknown) => port.postMessage({ failure: failureOf(error) } satisfies TokenReply),
  );
});
// Loaded: from here on time is the token's.
port.postMessage({ value: undefined } satisfies TokenReply);

async function perform(call: Exclude<TokenCall, { do: "end" }>): Promise<TokenResults[keyof TokenResults]> {
  opened ??= openKeyStore(config, token, { initialisation });
  switch (call.do) {
    case "list":
      return opened.list(call.label);
    case "find":
      return found(remember(opened.findSigner(call.keyIdentifier), call.keyIdentifier));
    case "generate":
      return found(opened.generate(call.label, call.keyType));
    case "sign":
      return signerOf(opened, call.keyIdentifier).sign(call.items.map(toBeSigned));
  }
}

function signerOf(store: KeyStore, keyIdentifier: Uint8Array): Signer {
  const signer = signers.get(hex(keyIdentifier)) ?? remember(store.findSigner(keyIdentifier), keyIdentifier);
  if (signer === undefined)
    throw new SekishoError("KEY_MISSING", `token ${token} does not hold the key ${hex(keyIdentifier)}`);
  return signer;
}

function remember(signer: Signer | undefined, keyIdentifier: Uint8Array): Signer | undefined {
  if (signer !== undefined) signers.set(hex(keyIdentifier), signer);
  return signer;
}

function found(signer: Signer | undefined): FoundKey | undefined {
  if (signer === undefined) return undefined;
  const { subjectPublicKeyInfo, needsMessage = false } = signer;
  return { subjectPublicKeyInfo, needsMessage };
}

const toBeSigned = ({ digest, message }: SigningItem) => ({ digest, chunks: () => message ?? [] });

function failureOf(error: unknown): TokenFailure {
  const { code, message } = toSekishoError(error);
  return { code, message, pinRefused: isPinRefusal(error) };
}
