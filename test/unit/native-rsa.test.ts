import assert from "node:assert/strict";
import { generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { suite, test } from "node:test";
import { type Bindings, type LaneKind, loadBindings, type RsaKey } from "../../native-bindings/binding.js";
import { rsa } from "../../src/signer/rsa.js";
import { fuzzCalls, untyped } from "../support/fuzzed-arguments.js";
import { bindingsWith, laneKinds } from "../support/lane-kinds.js";
import { messages, toBeSigned } from "../support/messages.js";
import { primeFrom, rsaKeyOf } from "../support/rsa-keys.js";

const loaded = loadBindings();
const pkcs8 = (key: KeyObject): Buffer => key.export({ type: "pkcs8", format: "der" });
const generate = (modulusLength: number, publicExponent = 65_537): KeyObject =>
  generateKeyPairSync("rsa", { modulusLength, publicExponent }).privateKey;

/** Why RsaKey cannot be tried here; undefined if it can. */
function missing(): string | undefined {
  if (loaded.bindings === undefined) return loaded.reason;
  return laneKinds[0] === "none" ? "this processor has no AVX-512" : undefined;
}

suite("RSA in lanes", { skip: missing() ?? false }, () => {
  for (const lanes of laneKinds) if (lanes !== "none") suite(`lanes: ${lanes}`, () => testsWith(lanes));

  test("there is no RsaKey without lanes, and none with others than this processor has", () => {
    const der = pkcs8(generate(2048));
    const ec = pkcs8(generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey);
    const none = bindingsWith("none");
    assert.throws(() => new none.RsaKey(der), /no AVX-512/);
    new none.EcKey(ec);
    const { RsaKey, EcKey } = loaded.bindings as Bindings;
    for (const wrong of ["", "avx", 1, null] as unknown[] as LaneKind[]) {
      assert.throws(() => new RsaKey(der, wrong), { name: "TypeError", message: /laneKinds/ });
      assert.throws(() => new EcKey(ec, wrong), { name: "TypeError", message: /laneKinds/ });
    }
  });
});

function testsWith(lanes: LaneKind): void {
  const bindings = bindingsWith(lanes);

  /** Signs as many messages with and without the addon. */
  const sameAsTwin = async (privateKey: KeyObject, count: number): Promise<void> => {
    const batch = messages(count).map((message) => toBeSigned(message, "sha256"));
    // Called itself, lest `rsa` turn to node:crypto because it does not take the key.
    new bindings.RsaKey(pkcs8(privateKey));
    const [ours, twins] = await Promise.all(
      [bindings, undefined].map((each) => rsa(privateKey, "rsa2048", each).sign(batch)),
    );
    assert.equal(ours?.length, count);
    assert.deepEqual(ours?.map(Buffer.from), twins?.map(Buffer.from));
  };

  test("signs as its twin does, octet for octet: batches of every size", async () => {
    const privateKey = generate(2048);
    for (let count = 0; count < 10; count++) await sameAsTwin(privateKey, count);
  });

  test("signs as its twin does: many keys", async () => {
    for (let i = 0; i < 12; i++) await sameAsTwin(generate(2048), 4);
  });

  test("signs as its twin does beyond the life of a mask", () => sameAsTwin(generate(2048), 4 * 300));

  for (const [name, p, q] of [
    ["the largest primes", primeFrom(2n ** 1024n - 1n, -2n), primeFrom(2n ** 1024n - 2n ** 20n, -2n)],
    ["the smallest second prime", primeFrom(2n ** 1024n - 1n, -2n), primeFrom(2n ** 1023n + 2n ** 20n, 2n)],
    ["the smaller prime first", primeFrom(2n ** 1023n + 2n ** 20n, 2n), primeFrom(2n ** 1024n - 1n, -2n)],
  ] as const)
    test(`signs as its twin does: ${name}`, () => sameAsTwin(rsaKeyOf({ p, q }), 64));

  test("a signature that does not verify is not handed out", () => {
    const [p, q] = [primeFrom(2n ** 1024n - 1n, -2n), primeFrom(2n ** 1023n + 2n ** 20n, 2n)];
    const key = new bindings.RsaKey(pkcs8(rsaKeyOf({ p, q, wrongBy: 2n })));
    const signatures = Buffer.alloc(4 * 256);
    assert.throws(() => key.sign(randomBytes(4 * 32), signatures), /does not verify/);
    assert.ok(signatures.every((octet) => octet === 0));
  });

  test("takes no key but RSA of 2048 bits, two primes of equal length and 65537", () => {
    const [short, long] = [primeFrom(2n ** 1016n - 1n, -2n), primeFrom(2n ** 1032n - 1n, -2n)];
    const wrong = [
      generate(1024),
      generate(3072),
      generate(2048, 3),
      rsaKeyOf({ p: long, q: short }),
      generateKeyPairSync("rsa-pss", { modulusLength: 2048 }).privateKey,
      generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey,
    ].map(pkcs8);
    for (const der of [...wrong, pkcs8(generate(2048)).subarray(0, -1), Buffer.alloc(0)])
      assert.throws(() => new bindings.RsaKey(der), { name: "TypeError" });
  });

  test("reads RFC 8017 as well", () => {
    new bindings.RsaKey(generate(2048).export({ type: "pkcs1", format: "der" }));
  });

  test("wants arrays that fit each other", () => {
    const key = new bindings.RsaKey(pkcs8(generate(2048)));
    const right = (): Parameters<RsaKey["sign"]> => [Buffer.alloc(64), Buffer.alloc(512)];
    key.sign(...right());
    for (const [position, length] of [
      [0, 0],
      [0, 63],
      [0, 96],
      [1, 511],
      [1, 513],
    ] as const)
      assert.throws(
        () => key.sign(...(right().with(position, Buffer.alloc(length)) as Parameters<RsaKey["sign"]>)),
        {
          name: "TypeError",
        },
      );
  });

  test("no arguments end the process, whatever they are", () => {
    const der = pkcs8(generate(2048));
    const key = new bindings.RsaKey(der);
    return fuzzCalls([
      { call: untyped(key.sign, key), right: [Buffer.alloc(64), Buffer.alloc(512)] },
      { call: untyped(key.sign, {}), right: [Buffer.alloc(64), Buffer.alloc(512)] },
      {
        call: (...args) => Reflect.construct((loaded.bindings as Bindings).RsaKey, args),
        right: [der, lanes],
      },
    ]);
  });
}

test("without the addon, and with a key that it does not take, signs all the same", async () => {
  const batch = messages(5).map((message) => toBeSigned(message, "sha256"));
  for (const privateKey of [generate(2048), generate(2048, 3)]) {
    const [ours, twins] = await Promise.all(
      [loaded.bindings, undefined].map((each) => rsa(privateKey, "rsa2048", each).sign(batch)),
    );
    assert.deepEqual(ours?.map(Buffer.from), twins?.map(Buffer.from));
    assert.equal(ours?.length, 5);
  }
});
