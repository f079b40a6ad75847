import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Worker } from "node:worker_threads";
import pkcs11js from "pkcs11js";
import { SekishoError } from "../../src/core/errors.js";
import { ALGORITHMS, keyIdentifierOf } from "../../src/signer/algorithms.js";
import { openToken, type Pkcs11KeyStore } from "../../src/signer/pkcs11.js";
import { loadModule } from "../../src/signer/pkcs11-module.js";
import type { KeyType, Signer } from "../../src/signer/signer.js";
import { initToken } from "../../src/signer/token-init.js";
import { messages, signAndVerify, toBeSigned } from "../support/messages.js";
import { createSoftHsm, type SoftHsm, TEST_PIN, TEST_SO_PIN } from "../support/softhsm.js";

const KEY_TYPES = Object.keys(ALGORITHMS) as KeyType[];
const LABELS = ["ca", "ocsp", "journal", "shared", "wrong-pin", "foreign"];

/** What a token offers that has no mechanism for a bare digest. */
const HASHING_ONLY = new Set([
  pkcs11js.CKM_SHA256_RSA_PKCS,
  pkcs11js.CKM_ECDSA_SHA256,
  pkcs11js.CKM_ECDSA_SHA384,
]);

let hsm: SoftHsm;
before(() => {
  hsm = createSoftHsm(LABELS);
});
after(() => hsm.remove());

const idOf = (signer: Signer): Uint8Array => keyIdentifierOf(signer.subjectPublicKeyInfo);

/** Who signs: the thread that asks, or native threads with sessions of their own. */
const SIGNERS = [
  ["its own session", undefined],
  ["native threads", 4],
] as const;

const withStore = async (
  label: string,
  use: (store: Pkcs11KeyStore) => unknown,
  mechanisms?: ReadonlySet<number>,
  sessions?: number,
): Promise<void> => {
  const store = openToken({ ...hsm.token(label), sessions }, mechanisms);
  try {
    await use(store);
  } finally {
    store.close();
  }
};

for (const [who, sessions] of SIGNERS)
  describe(`signing with ${who}`, () => {
    for (const keyType of KEY_TYPES)
      test(`${keyType}: generated and found again, its signatures verify`, async () => {
        let id = new Uint8Array();
        const open = (use: (store: Pkcs11KeyStore) => unknown) => withStore("ca", use, undefined, sessions);
        await open(async (store) => {
          const signer = store.generate(keyType, keyType);
          id = Uint8Array.from(idOf(signer));
          assert.equal(signer.keyType, keyType);
          assert.deepEqual(signer.signatureAlgorithm, ALGORITHMS[keyType].signatureAlgorithm);
          assert.deepEqual(await signAndVerify(signer, messages(5)), Array(5).fill(true));
        });
        await open(async (store) => {
          const signer = store.findSigner(id);
          assert.ok(signer);
          assert.deepEqual(await signAndVerify(signer, messages(2)), [true, true]);
          assert.deepEqual(await signer.sign([]), []);
          assert.equal(store.findSigner(Buffer.alloc(20)), undefined);
        });
      });

    test("the mechanism decides whether the token reads the digest or the message", async () => {
      const [digested, chunked] = [Buffer.from("digested"), Buffer.from("chunked")];
      const twofold = { ...toBeSigned(chunked, "sha256"), digest: toBeSigned(digested, "sha256").digest };
      const verified = async (store: Pkcs11KeyStore): Promise<boolean[]> => {
        const signer = store.generate("decides", "rsa2048");
        const [signature = Buffer.alloc(0)] = await signer.sign([twofold]);
        const key = signer.publicKey.export({ type: "spki", format: "pem" }).toString();
        return [digested, chunked].map((message) => opensslVerifies(key, message, signature));
      };
      await withStore(
        "ca",
        async (store) => assert.deepEqual(await verified(store), [true, false]),
        undefined,
        sessions,
      );
      await withStore(
        "ca",
        async (store) => assert.deepEqual(await verified(store), [false, true]),
        HASHING_ONLY,
        sessions,
      );
    });

    test("ECDSA too prefers the digest; SoftHSM2 has no mechanism that hashes and says so", () =>
      withStore(
        "ca",
        (store) =>
          assert.rejects(store.generate("hashing", "p256").sign([toBeSigned(Buffer.from("x"), "sha256")]), {
            code: "TOKEN_FAILED",
            message: "C_SignInit: CKR_MECHANISM_INVALID (0x70)",
          }),
        HASHING_ONLY,
        sessions,
      ));

    test("a token without a usable mechanism is refused", () =>
      withStore(
        "ca",
        (store) => assert.throws(() => store.generate("none", "rsa2048"), { code: "TOKEN_FAILED" }),
        new Set(),
      ));

    test("three tokens are open at once and each knows its own keys only", async () => {
      const stores = ["ca", "ocsp", "journal"].map((label) => openToken({ ...hsm.token(label), sessions }));
      const signers = stores.map((store) => store.generate("own", "p256"));
      for (const [i, store] of stores.entries())
        for (const [j, signer] of signers.entries()) {
          assert.equal(store.findSigner(idOf(signer)) !== undefined, i === j);
          if (i === j) assert.deepEqual(await signAndVerify(signer, messages(2)), [true, true]);
        }
      assert.ok(stores[0]?.list("own").some((id) => Buffer.from(id).equals(idOf(signers[0] as Signer))));
      assert.deepEqual(stores[0]?.list("nobody"), []);
      for (const store of stores) store.close();
      await assert.rejects(async () => signers[0]?.sign([]), { code: "TOKEN_FAILED" });
    });
  });

for (const [who, sessions] of SIGNERS)
  describe(`lost sessions, ${who}`, () => {
    test("an error inside an operation leaves the key usable", () =>
      withStore(
        "ca",
        async (store) => {
          const signer = store.generate("interrupted", "rsa2048");
          const broken = {
            digest: Buffer.alloc(32),
            *chunks() {
              yield Buffer.from("begun");
              throw new Error("disk gone");
            },
          };
          await assert.rejects(signer.sign([broken]), /disk gone/);
          assert.deepEqual(await signAndVerify(signer, messages(2)), [true, true]);
        },
        HASHING_ONLY,
        sessions,
      ));

    test("a session that the token closed is opened anew, once", () =>
      withStore(
        "ocsp",
        async (store) => {
          const signer = store.generate("reopened", "p256");
          assert.deepEqual(await signAndVerify(signer, messages(4)), Array(4).fill(true));
          closeAllSessions("ocsp");
          assert.deepEqual(await signAndVerify(signer, messages(4)), Array(4).fill(true));
        },
        undefined,
        sessions,
      ));

    test("after a refused PIN the token is not asked again: it would lock", async () => {
      const pinFile = join(hsm.dir, "changing-pin");
      writeFileSync(pinFile, TEST_PIN, { mode: 0o600 });
      const store = openToken({ ...hsm.token("journal"), pinFile, sessions });
      const signer = store.generate("locked-out", "p256");
      const batch = [toBeSigned(Buffer.from("x"), signer.digestName)];
      closeAllSessions("journal");
      writeFileSync(pinFile, "another");
      await assert.rejects(signer.sign(batch), {
        code: "TOKEN_PIN",
        message: "C_Login: CKR_PIN_INCORRECT (0xa0)",
      });
      writeFileSync(pinFile, TEST_PIN);
      await assert.rejects(signer.sign(batch), { code: "TOKEN_PIN" });
      await withStore("journal", (fresh) => assert.ok(fresh.findSigner(idOf(signer))));
    });

    test("workers sign at once; one that exits takes nothing from the others", async () => {
      const settings = { ...hsm.token("shared"), sessions };
      const store = openToken(settings);
      const signer = store.generate("shared", "rsa2048");
      const workers = [0, 1, 2].map(
        () =>
          new Worker(new URL("../support/signing-worker.js", import.meta.url), {
            workerData: { settings, keyIdentifier: idOf(signer) },
          }),
      );
      const reply = async (worker: Worker | undefined): Promise<unknown> =>
        (await once(worker as Worker, "message"))[0];
      assert.deepEqual(await Promise.all(workers.map(reply)), ["ready", "ready", "ready"]);
      const [leaver, ...others] = workers;
      const signing = others.map((worker) => {
        worker.postMessage(40);
        return reply(worker);
      });
      leaver?.postMessage(0);
      await once(leaver as Worker, "exit");
      assert.deepEqual(await Promise.all(signing), [40, 40]);
      const again = others.map((worker) => {
        worker.postMessage(5);
        return reply(worker);
      });
      assert.deepEqual(await Promise.all(again), [5, 5]);
      assert.deepEqual(await signAndVerify(signer, messages(3)), [true, true, true]);
      await Promise.all(others.map((worker) => worker.terminate()));
      assert.deepEqual(await signAndVerify(signer, messages(3)), [true, true, true]);
      store.close();
    });
  });

describe("Q6.2.6-7: a private key's attributes", () => {
  const { CKA_SENSITIVE, CKA_EXTRACTABLE } = pkcs11js;
  const cases = [
    { name: "not sensitive", template: [{ type: CKA_SENSITIVE, value: false }], fault: /CKA_SENSITIVE/ },
    { name: "extractable", template: [{ type: CKA_EXTRACTABLE, value: true }], fault: /CKA_EXTRACTABLE/ },
  ];
  for (const { name, template, fault } of cases)
    test(`a key that is ${name} is refused`, () =>
      withStore("foreign", (store) => {
        const id = generateForeignKey(template);
        assert.throws(
          () => store.findSigner(id),
          (error: unknown) => isKeyFault(error, fault),
        );
      }));

  test("a key that once was extractable is refused", () =>
    withStore("foreign", (store) => {
      const id = generateForeignKey([{ type: CKA_EXTRACTABLE, value: true }]);
      changePrivateKey(id, [{ type: CKA_EXTRACTABLE, value: false }]);
      assert.throws(
        () => store.findSigner(id),
        (error: unknown) => isKeyFault(error, /CKA_NEVER_EXTRACTABLE/),
      );
    }));

  test("an imported key is refused", () =>
    withStore("foreign", (store) => {
      const id = importKey();
      assert.throws(
        () => store.findSigner(id),
        (error: unknown) => isKeyFault(error, /CKA_LOCAL/),
      );
    }));

  test("a CKA_ID that is not the public key's identifier is refused", () =>
    withStore("foreign", (store) => {
      const id = generateForeignKey([]);
      assert.throws(
        () => store.findSigner(id),
        (error: unknown) => isKeyFault(error, /is not the identifier/),
      );
    }));
});

describe("opening a token", () => {
  test("a missing token, a wrong PIN and a wrong module are told apart", () => {
    assert.throws(() => openToken(hsm.token("nowhere")), { code: "TOKEN_MISSING" });
    assert.throws(() => openToken(hsm.token("c")), { code: "TOKEN_MISSING" });
    assert.throws(() => openToken({ ...hsm.token("ca"), module: "/nowhere.so" }), {
      code: "TOKEN_FAILED",
      message: /^dlopen: .*nowhere\.so/,
    });
    const pinFile = join(hsm.dir, "wrong-pin");
    writeFileSync(pinFile, "not the PIN\n", { mode: 0o600 });
    assert.throws(() => openToken({ ...hsm.token("wrong-pin"), pinFile }), {
      code: "TOKEN_PIN",
      message: "C_Login: CKR_PIN_INCORRECT (0xa0)",
    });
  });

  test("a PIN file that others may read is refused, its content unseen", () => {
    const pinFile = join(hsm.dir, "open-pin");
    writeFileSync(pinFile, TEST_PIN);
    for (const mode of [0o640, 0o604, 0o620]) {
      chmodSync(pinFile, mode);
      assert.throws(
        () => openToken({ ...hsm.token("ca"), pinFile }),
        (error: unknown) =>
          error instanceof SekishoError && error.code === "TOKEN_PIN" && !error.message.includes(TEST_PIN),
      );
    }
  });

  test("a PIN file that is not one line is refused", () => {
    for (const content of ["", "\n", "a\nb\n", "a".repeat(1025)]) {
      const pinFile = join(hsm.dir, "odd-pin");
      writeFileSync(pinFile, content, { mode: 0o600 });
      assert.throws(() => openToken({ ...hsm.token("ca"), pinFile }), { code: "TOKEN_PIN" });
    }
    assert.throws(() => openToken({ ...hsm.token("ca"), pinFile: hsm.dir }), { code: "TOKEN_PIN" });
    assert.throws(() => openToken({ ...hsm.token("ca"), pinFile: join(hsm.dir, "none") }), {
      code: "TOKEN_PIN",
    });
  });

  test("another configuration for a module that runs already is refused", () => {
    assert.throws(() => openToken({ ...hsm.token("ca"), softhsm2Conf: "/elsewhere" }), {
      code: "TOKEN_FAILED",
    });
  });
});

describe("initialising a token", () => {
  const settings = () => ({ module: hsm.module, softhsm2Conf: hsm.softhsm2Conf, soPin: TEST_SO_PIN });

  test("an existing label is left alone", async () => {
    await withStore("ca", (store) => store.generate("kept", "p256"));
    assert.equal(initToken({ ...settings(), label: "ca", pin: "other" }), false);
    await withStore("ca", (store) => assert.equal(store.list("kept").length, 1));
  });

  test("one cut off before its user PIN was set is finished", () => {
    const module = loadModule(settings());
    const empty = module.slots().find(({ label }) => label === undefined);
    assert.ok(empty);
    module.api.C_InitToken(empty.id, TEST_SO_PIN, "cut-off".padEnd(32));
    assert.throws(() => openToken(hsm.token("cut-off")), { code: "TOKEN_PIN" });
    assert.equal(initToken({ ...settings(), label: "cut-off", pin: TEST_PIN }), true);
    openToken(hsm.token("cut-off")).close();
  });

  test("a label longer than the field is refused", () => {
    assert.throws(() => initToken({ ...settings(), label: "é".repeat(17), pin: TEST_PIN }), {
      code: "TOKEN_FAILED",
    });
  });
});

function opensslVerifies(publicKeyPem: string, message: Buffer, signature: Uint8Array): boolean {
  const [key, file] = ["key.pem", "signature"].map((name) => join(hsm.dir, name)) as [string, string];
  writeFileSync(key, publicKeyPem);
  writeFileSync(file, signature);
  try {
    execFileSync("openssl", ["dgst", "-sha256", "-verify", key, "-signature", file], {
      input: message,
      stdio: "pipe",
    });
    return true;
  } catch {
    return false;
  }
}

const isKeyFault = (error: unknown, message: RegExp): boolean =>
  error instanceof SekishoError && error.code === "KEY_ATTRIBUTES" && message.test(error.message);

function closeAllSessions(label: string): void {
  const module = loadModule(hsm.token(label));
  module.api.C_CloseAllSessions(module.slotOf(label));
}

/** Runs `use` in a read-write session of the token "foreign", which a store has logged in to. */
function inForeignToken<Result>(use: (api: pkcs11js.PKCS11, session: Buffer) => Result): Result {
  const module = loadModule(hsm.token("foreign"));
  const flags = pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION;
  const session = module.api.C_OpenSession(module.slotOf("foreign"), flags);
  try {
    return use(module.api, session);
  } finally {
    module.api.C_CloseSession(session);
  }
}

let foreignKeys = 0;
const nextForeignId = (): Buffer => Buffer.alloc(20, ++foreignKeys);

/** A P-256 key pair generated as Sekisho would not; the last of two values for an attribute counts. */
function generateForeignKey(template: pkcs11js.Attribute[]): Buffer {
  const id = nextForeignId();
  const common = [
    { type: pkcs11js.CKA_TOKEN, value: true },
    { type: pkcs11js.CKA_ID, value: id },
  ];
  const protection = new Map(
    [
      { type: pkcs11js.CKA_SENSITIVE, value: true },
      { type: pkcs11js.CKA_EXTRACTABLE, value: false },
      ...template,
    ].map((attribute) => [attribute.type, attribute]),
  );
  inForeignToken((api, session) =>
    api.C_GenerateKeyPair(
      session,
      { mechanism: pkcs11js.CKM_EC_KEY_PAIR_GEN },
      [...common, { type: pkcs11js.CKA_EC_PARAMS, value: Buffer.from(ALGORITHMS.p256.parameters) }],
      [...common, { type: pkcs11js.CKA_SIGN, value: true }, ...protection.values()],
    ),
  );
  return id;
}

function changePrivateKey(id: Buffer, attributes: pkcs11js.Attribute[]): void {
  inForeignToken((api, session) => {
    api.C_FindObjectsInit(session, [
      { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_PRIVATE_KEY },
      { type: pkcs11js.CKA_ID, value: id },
    ]);
    const [key] = api.C_FindObjects(session, 1);
    api.C_FindObjectsFinal(session);
    assert.ok(key);
    api.C_SetAttributeValue(session, key, attributes);
  });
}

function importKey(): Buffer {
  const id = nextForeignId();
  const { d = "" } = generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey.export({
    format: "jwk",
  });
  inForeignToken((api, session) =>
    api.C_CreateObject(session, [
      { type: pkcs11js.CKA_CLASS, value: pkcs11js.CKO_PRIVATE_KEY },
      { type: pkcs11js.CKA_KEY_TYPE, value: pkcs11js.CKK_EC },
      { type: pkcs11js.CKA_TOKEN, value: true },
      { type: pkcs11js.CKA_ID, value: id },
      { type: pkcs11js.CKA_SENSITIVE, value: true },
      { type: pkcs11js.CKA_EXTRACTABLE, value: false },
      { type: pkcs11js.CKA_SIGN, value: true },
      { type: pkcs11js.CKA_EC_PARAMS, value: Buffer.from(ALGORITHMS.p256.parameters) },
      { type: pkcs11js.CKA_VALUE, value: Buffer.from(d, "base64url") },
    ]),
  );
  return id;
}
