import { parentPort, workerData } from "node:worker_threads";
import { openToken } from "../../src/signer/pkcs11.js";
import type { TokenSettings } from "../../src/signer/pkcs11-session.js";
import { messages, signAndVerify } from "./messages.js";

/** Opens a token, says ready, and for each number received signs and verifies as many messages; 0 ends the worker. */
const { settings, keyIdentifier } = workerData as { settings: TokenSettings; keyIdentifier: Uint8Array };
const store = openToken(settings);
const signer = store.findSigner(keyIdentifier);
if (signer === undefined) throw new Error("key not found");

parentPort?.on("message", async (count: number) => {
  if (count === 0) process.exit(0);
  const verified = await signAndVerify(signer, messages(count));
  parentPort?.postMessage(verified.filter((ok) => ok).length);
});
parentPort?.postMessage("ready");
