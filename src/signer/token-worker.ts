import { parentPort, workerData } from "node:worker_threads";
import { hex } from "../core/bytes.js";
import type { Config } from "../core/config.js";
import { SekishoError, toSekishoError } from "../core/errors.js";
import { openKeyStore } from "./open.js";
import type { KeyStore, Signer } from "./signer.js";
import type {
  FoundKey,
  SigningItem,
  TokenCall,
  TokenReply,
  TokenRequest,
  TokenResults,
} from "./token-messages.js";

/** The thread of a TokenThread: does one call after the other on a token of its own, for as long as each takes. */

const { config, token }: { config: Config; token: string } = workerData;
const port = parentPort;
if (port === null) throw new Error("token-worker runs in a worker thread");
const signers = new Map<string, Signer>();
let opened: KeyStore | undefined;

port.on("message", ({ id, call }: TokenRequest) => {
  const reply = (message: TokenReply): void => port.postMessage(message);
  perform(call).then(
    (value) => reply({ id, value }),
    (error: unknown) => {
      const { code, message } = toSekishoError(error);
      reply({ id, code, message });
    },
  );
});

async function perform(call: TokenCall): Promise<TokenResults[TokenCall["do"]]> {
  opened ??= openKeyStore(config, token);
  switch (call.do) {
    case "open":
      return true;
    case "list":
      return opened.list(call.label);
    case "find":
      return found(remember(opened.findSigner(call.keyIdentifier), call.keyIdentifier));
    case "generate":
      return found(opened.generate(call.label, call.keyType)) as FoundKey;
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
