import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { Worker } from "node:worker_threads";
import { keyIdentifierOf } from "../../src/signer/algorithms.js";
import { openToken } from "../../src/signer/pkcs11.js";
import { FaultyToken } from "../support/faulty-token.js";
import { createSoftHsm } from "../support/softhsm.js";

/** This file runs from dist/test/fault. */
const ADDON = new URL("../../../native-bindings/build/Release/sekisho.node", import.meta.url);
const skip = existsSync(ADDON) ? false : "the C++ addon is not built";

/** Only the worker loads the addon: when it ends, its native threads must not lose the ground they stand on. */
test("a worker that ends while a native call is out takes nothing along; its sessions go back", {
  skip,
}, async (t) => {
  const hsm = createSoftHsm(["faulty"]);
  const token = new FaultyToken(hsm.dir, hsm.module);
  t.after(() => {
    token.close();
    hsm.remove();
  });
  Object.assign(process.env, token.env);
  const settings = { ...hsm.token("faulty"), module: token.module, sessions: 3 };
  const keys = openToken({ ...settings, sessions: undefined });
  const signer = keys.generate("key", "p256");
  const worker = new Worker(new URL("../support/signing-worker.js", import.meta.url), {
    workerData: { settings, keyIdentifier: keyIdentifierOf(signer.subjectPublicKeyInfo) },
  });
  await once(worker, "message");
  const [signed, closed] = [token.calls("C_Sign"), token.calls("C_CloseSession")];
  token.hang("C_Sign");
  worker.postMessage(9);
  await token.hanging("C_Sign", 3);
  await worker.terminate();
  token.heal("C_Sign");
  while (token.calls("C_CloseSession") < closed + 3) await wait(2);
  assert.equal(token.calls("C_Sign"), signed + 3, "what waited was never signed");
  const [signature] = await signer.sign([{ digest: Buffer.alloc(32), chunks: () => [] }]);
  assert.ok((signature?.length ?? 0) > 60, "the process, and its login, live on");
  keys.close();
});
