import { checkPrimeSync, createPrivateKey, type KeyObject } from "node:crypto";

const E = 65_537n;

/** Primes of an RSA key, and what else of it is to be different from what follows from them. */
export interface RsaParts {
  readonly p: bigint;
  readonly q: bigint;
  /** Added to d mod (p - 1). */
  readonly wrongBy?: bigint;
}

/** The private key of these primes (RFC 8017 3.2); 65537 must have an inverse modulo p - 1 and q - 1. */
export function rsaKeyOf({ p, q, wrongBy = 0n }: RsaParts): KeyObject {
  const d = inverse(E, (p - 1n) * (q - 1n));
  const [dp, dq] = [(d % (p - 1n)) + wrongBy, d % (q - 1n)];
  const numbers = { n: p * q, e: E, d, p, q, dp, dq, qi: inverse(q, p) };
  const key = Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, base64url(value)]));
  return createPrivateKey({ key: { kty: "RSA", ...key }, format: "jwk" });
}

/** The prime next to `from` in steps of `step` (2 or -2). */
export function primeFrom(from: bigint, step: bigint): bigint {
  for (let number = from | 1n; ; number += step)
    if (number % E !== 1n && checkPrimeSync(number)) return number;
}

function inverse(a: bigint, m: bigint): bigint {
  let [r0, r1, s0, s1] = [m, a % m, 0n, 1n];
  while (r1 !== 0n) {
    const quotient = r0 / r1;
    [r0, r1, s0, s1] = [r1, r0 - quotient * r1, s1, s0 - quotient * s1];
  }
  if (r0 !== 1n) throw new RangeError("no inverse");
  return ((s0 % m) + m) % m;
}

function base64url(number: bigint): string {
  const hex = number.toString(16);
  return Buffer.from(hex.padStart(hex.length + (hex.length % 2), "0"), "hex").toString("base64url");
}
