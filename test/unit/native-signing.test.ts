import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, verify } from "node:crypto";
import { after, before, suite, test } from "node:test";
import pkcs11js from "pkcs11js";
import { type Bindings, type EcKey, loadBindings, type TokenKey } from "../../native-bindings/binding.js";
import { keyIdentifierOf } from "../../src/signer/algorithms.js";
import { ecdsa } from "../../src/signer/ecdsa.js";
import { openToken } from "../../src/signer/pkcs11.js";
import { loadModule } from "../../src/signer/pkcs11-module.js";
import { fuzzCalls, untyped } from "../support/fuzzed-arguments.js";
import { messages, toBeSigned, verifies } from "../support/messages.js";
import { createSoftHsm, type SoftHsm } from "../support/softhsm.js";

/** Enough that r and s come with every length that is at all likely: one in 256 of them begins with a zero octet. */
const MANY = 600;

const loaded = loadBindings();

suite("native signing", { skip: loaded.bindings === undefined ? loaded.reason : false }, () => {
  const bindings = loaded.bindings as Bindings;
  const P256 = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
  const P384 = generateKeyPairSync("ec", { namedCurve: "secp384r1" });
  const RSA = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const pkcs8 = ({ privateKey }: { privateKey: KeyObject }): Buffer =>
    privateKey.export({ type: "pkcs8", format: "der" });
  let hsm: SoftHsm;
  before(() => {
    hsm = createSoftHsm(["native"]);
  });
  after(() => hsm.remove());

  for (const [keyType, digestName, { privateKey, publicKey }] of [
    ["p256", "sha256", P256],
    ["p384", "sha384", P384],
  ] as const)
    test(`EcKey signs as its twin does: ${keyType}`, async () => {
      const all = messages(keyType === "p256" ? MANY : 20);
      const batch = all.map((message) => toBeSigned(message, digestName));
      for (const [twin, needsMessage] of [
        [bindings, false],
        [undefined, true],
      ] as const) {
        const signer = ecdsa(privateKey, { keyType, digestName }, twin);
        assert.equal(signer.needsMessage, needsMessage);
        assert.deepEqual(await signer.sign([]), []);
        const signatures = await signer.sign(batch);
        assert.equal(signatures.length, all.length);
        all.forEach((message, i) => {
          assert.ok(verifies(digestName, publicKey, message, signatures[i] as Uint8Array));
        });
      }
    });

  test("EcKey reads SEC 1 as well, and nothing that is no EC private key", () => {
    const sec1 = P256.privateKey.export({ type: "sec1", format: "der" });
    assert.equal(new bindings.EcKey(sec1).signatureOctets, 72);
    const spki = P256.publicKey.export({ type: "spki", format: "der" });
    const whole = pkcs8(P256);
    const wrong = [spki, pkcs8(RSA), whole.subarray(0, -1), Buffer.alloc(8193, 0x30), Buffer.alloc(0)];
    for (const der of wrong) assert.throws(() => new bindings.EcKey(der), { name: "TypeError" });
  });

  test("a key that OpenSSL refuses leaves no error behind for Node", () => {
    assert.throws(() => new bindings.EcKey(Buffer.from("nonsense")), { name: "TypeError" });
    assert.equal(verify("sha256", Buffer.alloc(1), P256.publicKey, Buffer.alloc(70)), false);
  });

  test("EcKey wants arrays that fit each other", () => {
    const key = new bindings.EcKey(pkcs8(P256));
    const size = key.signatureOctets;
    const right = (): Parameters<EcKey["sign"]> => [
      Buffer.alloc(64),
      32,
      Buffer.alloc(2 * size),
      Buffer.alloc(2),
    ];
    key.sign(...right());
    for (const [position, value] of [
      [0, Buffer.alloc(63)],
      [0, Buffer.alloc(0)],
      [1, 31],
      [1, 64],
      [2, Buffer.alloc(2 * size - 1)],
      [2, Buffer.alloc(2 * size + 1)],
      [3, Buffer.alloc(0)],
      [3, Buffer.alloc(3)],
    ] as const)
      assert.throws(() => key.sign(...(right().with(position, value) as Parameters<EcKey["sign"]>)), {
        name: "TypeError",
      });
  });

  test("RSA signatures of native threads are those of this thread, octet for octet", async () => {
    const one = openToken(hsm.token("native"));
    const many = openToken({ ...hsm.token("native"), sessions: 4 });
    const signer = one.generate("twins", "rsa2048");
    const batch = messages(12).map((message) => toBeSigned(message, "sha256"));
    const twin = many.findSigner(keyIdentifierOf(signer.subjectPublicKeyInfo));
    assert.deepEqual(await twin?.sign(batch), await signer.sign(batch));
    one.close();
    many.close();
  });

  test("a batch larger than its sessions keeps its order; a digest of a wrong length is refused", async () => {
    const store = openToken({ ...hsm.token("native"), sessions: 3 });
    const signer = store.generate("order", "p256");
    const all = messages(100);
    const batch = all.map((message) => toBeSigned(message, "sha256"));
    const signatures = await signer.sign(batch);
    all.forEach((message, i) => {
      assert.ok(verifies("sha256", signer.publicKey, message, signatures[i] as Uint8Array));
    });
    await assert.rejects(signer.sign([{ digest: Buffer.alloc(31), chunks: () => [] }]), RangeError);
    store.close();
  });

  test("a TokenSigner that is closed says so, and is no module's that is none", async () => {
    const signer = new bindings.TokenSigner(hsm.module, 2);
    signer.close();
    signer.close();
    await assert.rejects(signer.sign(tokenKey(), Buffer.alloc(32)), {
      functionName: "C_CloseSession",
      returnValue: pkcs11js.CKR_SESSION_CLOSED,
    });
    for (const path of ["/nowhere.so", "", "libc.so.6"])
      assert.throws(() => new bindings.TokenSigner(path, 1), { name: "Error" });
  });

  const tokenKey = (): TokenKey => ({
    slot: loadModule({ module: hsm.module, softhsm2Conf: hsm.softhsm2Conf }).slotOf("native"),
    identifier: Buffer.alloc(20),
    mechanism: pkcs11js.CKM_ECDSA,
    prefix: Buffer.alloc(0),
    digestOctets: 32,
    signatureOctets: 64,
  });

  test("a key that the token does not have is a fault with function and value", async () => {
    const signer = new bindings.TokenSigner(hsm.module, 2);
    await assert.rejects(signer.sign(tokenKey(), Buffer.alloc(64)), {
      functionName: "C_FindObjects",
      returnValue: pkcs11js.CKR_KEY_HANDLE_INVALID,
    });
    await assert.rejects(signer.sign({ ...tokenKey(), slot: Buffer.alloc(8, 0xfe) }, Buffer.alloc(32)), {
      functionName: "C_OpenSession",
      returnValue: pkcs11js.CKR_SLOT_ID_INVALID,
    });
    signer.close();
  });

  test("no arguments end the process, whatever they are", async () => {
    const key = new bindings.EcKey(pkcs8(P256));
    const signer = new bindings.TokenSigner(hsm.module, 2);
    const targets = [
      { call: untyped(key.sign, key), right: [Buffer.alloc(64), 32, Buffer.alloc(144), Buffer.alloc(2)] },
      { call: untyped(signer.sign, signer), right: [tokenKey(), Buffer.alloc(64)] },
      { call: untyped(key.sign, signer), right: [Buffer.alloc(64), 32, Buffer.alloc(144), Buffer.alloc(2)] },
      { call: untyped(signer.sign, {}), right: [tokenKey(), Buffer.alloc(64)] },
      { call: (...args: unknown[]) => Reflect.construct(bindings.EcKey, args), right: [pkcs8(P256), "none"] },
      { call: (...args: unknown[]) => Reflect.construct(bindings.TokenSigner, args), right: [hsm.module, 2] },
    ];
    await fuzzCalls(targets);
    signer.close();
  });
});
