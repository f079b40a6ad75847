import assert from "node:assert/strict";
import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";
import { suite, test } from "node:test";
import { type EcKey, type LaneKind, loadBindings } from "../../native-bindings/binding.js";
import { ecdsa } from "../../src/signer/ecdsa.js";
import { bindingsWith, laneKinds } from "../support/lane-kinds.js";
import { messages, toBeSigned, verifies } from "../support/messages.js";
import { ecdsaNumbers, isP256Signature, ORDER, p256KeyOf } from "../support/p256.js";

/** A window's digit is 0 in one of 32 signatures, a first octet of r or s in one of 256. */
const MANY = 2_000;

const loaded = loadBindings();

suite("P-256 by the addon", { skip: loaded.bindings === undefined ? loaded.reason : false }, () => {
  for (const lanes of laneKinds) suite(`lanes: ${lanes}`, () => testsWith(lanes));
});

/** EcKey signs P-256 eight at a time where there are lanes, from three signatures on, and else by OpenSSL: all of it is tested here. */
function testsWith(lanes: LaneKind): void {
  const bindings = bindingsWith(lanes);
  const keyOf = (privateKey: KeyObject): EcKey =>
    new bindings.EcKey(privateKey.export({ type: "pkcs8", format: "der" }));

  const signatures = (key: EcKey, digests: readonly Uint8Array[]): Uint8Array[] => {
    const size = key.signatureOctets;
    const all = new Uint8Array(digests.length * size);
    const lengths = new Uint8Array(digests.length);
    key.sign(Buffer.concat(digests), digests[0]?.length ?? 0, all, lengths);
    return digests.map((_, i) => all.subarray(i * size, i * size + (lengths[i] as number)));
  };

  test("node:crypto verifies every signature, in batches of every size", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    const signer = ecdsa(privateKey, { keyType: "p256", digestName: "sha256" }, bindings);
    for (const count of [...Array.from({ length: 20 }, (_, i) => i), MANY]) {
      const all = messages(count);
      const made = await signer.sign(all.map((message) => toBeSigned(message, "sha256")));
      assert.equal(made.length, count);
      all.forEach((message, i) => {
        const signature = made[i] as Uint8Array;
        assert.ok(verifies("sha256", publicKey, message, signature), `${i} of ${count}`);
        ecdsaNumbers(signature);
      });
    }
  });

  test("private numbers and digests at their limits", () => {
    const digests = [0n, 1n, ORDER - 1n, ORDER, ORDER + 1n, 2n ** 256n - 1n, 2n ** 255n, 2n ** 52n - 1n].map(
      (number) => Buffer.from(number.toString(16).padStart(64, "0"), "hex"),
    );
    for (const d of [1n, 2n, ORDER - 1n, ORDER - 2n, 2n ** 52n, 2n ** 255n]) {
      const key = keyOf(p256KeyOf(d));
      signatures(key, digests).forEach((signature, i) => {
        assert.ok(isP256Signature(d, digests[i] as Buffer, ecdsaNumbers(signature)), `d ${d}, digest ${i}`);
      });
    }
  });

  test("no nonce is used twice: every r is another, for one digest and for many", () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "prime256v1" });
    const key = keyOf(privateKey);
    const same = Array.from({ length: 200 }, () => Buffer.alloc(32, 7));
    const different = Array.from({ length: 200 }, () => randomBytes(32));
    const all = [...signatures(key, same), ...signatures(key, different), ...signatures(key, same)];
    assert.equal(new Set(all.map((signature) => ecdsaNumbers(signature)[0])).size, all.length);
  });

  test("keys do not share what a signature needs", () => {
    const keys = Array.from(
      { length: 3 },
      () => generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey,
    );
    const natives = keys.map(keyOf);
    const all = messages(9);
    const digests = all.map((message) => toBeSigned(message, "sha256").digest);
    for (let round = 0; round < 3; round++)
      natives.forEach((native, i) => {
        const publicKey = createPublicKey(keys[i] as KeyObject);
        signatures(native, digests).forEach((signature, at) => {
          assert.ok(verifies("sha256", publicKey, all[at] as Buffer, signature));
        });
      });
  });

  test("digests of other lengths are signed by OpenSSL, as many as there are", () => {
    const d = 2n ** 200n + 7n;
    const key = keyOf(p256KeyOf(d));
    for (const octets of [1, 20, 31, 33, 48, 64]) {
      const digests = Array.from({ length: 9 }, () => randomBytes(octets));
      signatures(key, digests).forEach((signature, i) => {
        // Of a longer one the leftmost 256 bits (FIPS 186-5 6.4.1).
        const digest = (digests[i] as Buffer).subarray(0, 32);
        assert.ok(isP256Signature(d, digest, ecdsaNumbers(signature)), `${octets} octets`);
      });
    }
  });
}
