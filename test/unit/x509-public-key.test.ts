import assert from "node:assert/strict";
import { checkPrimeSync, createECDH, generateKeyPairSync, generatePrimeSync, randomBytes } from "node:crypto";
import { test } from "node:test";
import { oid } from "../../src/asn1/oid.js";
import { bitString, encode, encoded, integer, nullValue, sequence } from "../../src/asn1/writer.js";
import { hex } from "../../src/core/bytes.js";
import { checkPublicKey } from "../../src/x509/public-key.js";
import { TestSigner } from "../support/test-ca.js";

const RSA_ENCRYPTION = "1.2.840.113549.1.1.1";
const EC_PUBLIC_KEY = "1.2.840.10045.2.1";
const PRIME256V1 = "1.2.840.10045.3.1.7";

const refuses = (spki: Uint8Array, message: RegExp): void =>
  assert.throws(() => checkPublicKey(spki), { code: "CSR_KEY", message });

function rsaKey(modulus: bigint, exponent = 65537n): Uint8Array {
  const key = encode(sequence(integer(modulus), integer(exponent)));
  return encode(sequence(sequence(oid(RSA_ENCRYPTION), nullValue), bitString(key)));
}

/** An odd number of exactly that many bits without a factor below 752: sound as far as the checks can see. */
function randomModulus(bits: number): bigint {
  for (;;) {
    const modulus = (1n << BigInt(bits - 1)) | BigInt(`0x${hex(randomBytes(bits / 8 - 1))}`) | 1n;
    if (smallPrimes(752n).every((prime) => modulus % prime !== 0n)) return modulus;
  }
}

function smallPrimes(limit: bigint): bigint[] {
  const primes: bigint[] = [];
  for (let n = 2n; n < limit; n++) if (primes.every((prime) => n % prime !== 0n)) primes.push(n);
  return primes;
}

for (const keyType of ["rsa2048", "p256", "p384"] as const)
  test(`a fresh ${keyType} key is accepted`, () => {
    assert.equal(checkPublicKey(new TestSigner(keyType).subjectPublicKeyInfo), keyType);
  });

for (const [bits, keyType] of [
  [3072, "rsa3072"],
  [4096, "rsa4096"],
] as const)
  test(`an RSA modulus of ${bits} bits without a known weakness is accepted`, () => {
    assert.equal(checkPublicKey(rsaKey(randomModulus(bits))), keyType);
  });

test("RSA of another size is refused (I19)", () => {
  for (const bits of [512, 1024, 2040, 2056, 8192])
    refuses(rsaKey(randomModulus(bits)), bits === 8192 ? /longer than 4096/ : new RegExp(`${bits} bits`));
  refuses(rsaKey(randomModulus(2048) >> 1n), /2047 bits/);
});

test("an RSA exponent is odd and from 65537 to 2^256-1 (I19)", () => {
  const modulus = randomModulus(2048);
  for (const exponent of [0n, 1n, 3n, 17n, 65535n, 65538n, 2n ** 256n + 1n])
    refuses(rsaKey(modulus, exponent), /exponent/);
  for (const exponent of [65537n, 65539n, 2n ** 256n - 1n])
    assert.equal(checkPublicKey(rsaKey(modulus, exponent)), "rsa2048");
});

test("a modulus with a factor below 752 is refused (I19)", () => {
  for (const prime of [2n, 3n, 743n, 751n]) {
    const multiple = (randomModulus(2048) / prime) * prime;
    refuses(rsaKey(multiple), /divisible by \d+/);
  }
  const multipleOf757 = ((1n << 2047n) / 757n + randomModulus(1024)) * 757n;
  const tested = smallPrimes(752n).some((prime) => multipleOf757 % prime === 0n);
  if (tested) refuses(rsaKey(multipleOf757), /divisible/);
  else assert.equal(checkPublicKey(rsaKey(multipleOf757)), "rsa2048");
});

test("two close factors are refused (I19: Fermat)", () => {
  const p = generatePrimeSync(1024, { bigint: true });
  let q = p + 2n;
  while (!checkPrimeSync(q)) q += 2n;
  refuses(rsaKey(p * q), /close to each other/);
  refuses(rsaKey(p * p), /close to each other/);
});

test("factors that are far apart are not taken for close ones", () => {
  const p = generatePrimeSync(1024, { bigint: true });
  const q = generatePrimeSync(1024, { bigint: true });
  assert.equal(checkPublicKey(rsaKey(p * q)), "rsa2048");
});

test("a power of one number is refused (I19)", () => {
  let cube = 0n;
  while (cube.toString(2).length !== 2048) cube = generatePrimeSync(683, { bigint: true }) ** 3n;
  refuses(rsaKey(cube), /a power of one number/);
});

test("a modulus of the ROCA generator is refused (I19)", () => {
  const primorial = smallPrimes(168n).reduce((product, prime) => product * prime, 1n);
  let modulus = 0n;
  // 65537^c modulo the primorial plus any multiple of it: the published fingerprint.
  while (modulus === 0n || smallPrimes(752n).some((prime) => modulus % prime === 0n)) {
    const power = 65537n ** BigInt(randomBytes(1).readUInt8(0)) % primorial;
    modulus = (randomModulus(2048) / primorial) * primorial + power;
  }
  refuses(rsaKey(modulus), /ROCA/);
});

test("a point beside the curve, at infinity or compressed is refused (I19)", () => {
  const { subjectPublicKeyInfo } = new TestSigner("p256");
  const beside = Uint8Array.from(subjectPublicKeyInfo);
  beside[beside.length - 1] = (beside.at(-1) as number) ^ 1;
  refuses(beside, /not on its curve/);
  const ecKey = (point: Uint8Array, ...parameters: readonly Uint8Array[]): Uint8Array =>
    encode(sequence(sequence(oid(EC_PUBLIC_KEY), ...parameters.map(encoded)), bitString(point)));
  const prime256v1 = encode(oid(PRIME256V1));
  refuses(ecKey(Uint8Array.of(0), prime256v1), /not uncompressed/);
  const ecdh = createECDH("prime256v1");
  ecdh.generateKeys();
  refuses(ecKey(ecdh.getPublicKey(null, "compressed"), prime256v1), /not uncompressed/);
  refuses(ecKey(ecdh.getPublicKey()), /neither RSA nor ECDSA/);
  assert.equal(checkPublicKey(ecKey(ecdh.getPublicKey(), prime256v1)), "p256");
});

test("other curves, explicit parameters and other algorithms are refused (I19, I21)", () => {
  const spki = (key: { export(options: { format: "der"; type: "spki" }): Buffer }): Buffer =>
    key.export({ format: "der", type: "spki" });
  refuses(spki(generateKeyPairSync("ec", { namedCurve: "secp256k1" }).publicKey), /neither RSA nor ECDSA/);
  refuses(spki(generateKeyPairSync("ec", { namedCurve: "P-521" }).publicKey), /neither RSA nor ECDSA/);
  const explicit = generateKeyPairSync("ec", { namedCurve: "P-256", paramEncoding: "explicit" });
  refuses(spki(explicit.publicKey), /neither RSA nor ECDSA/);
  refuses(spki(generateKeyPairSync("ed25519").publicKey), /neither RSA nor ECDSA/);
  refuses(spki(generateKeyPairSync("rsa-pss", { modulusLength: 2048 }).publicKey), /neither RSA nor ECDSA/);
});
