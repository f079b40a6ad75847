import { createPrivateKey, type KeyObject } from "node:crypto";

const P = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
export const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const G: Point = [
  0x6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296n,
  0x4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5n,
];

type Point = readonly [bigint, bigint] | undefined;

/** The P-256 key with that private number. */
export function p256KeyOf(d: bigint): KeyObject {
  const [x, y] = times(d, G) as readonly [bigint, bigint];
  const text = (number: bigint): string => octets(number).toString("base64url");
  const key = { kty: "EC", crv: "P-256", d: text(d), x: text(x), y: text(y) };
  return createPrivateKey({ key, format: "jwk" });
}

/** Whether r and s are the private number d's signature of a digest (FIPS 186-5 6.4.2), by arithmetic of the test's own. */
export function isP256Signature(d: bigint, digest: Uint8Array, [r, s]: readonly [bigint, bigint]): boolean {
  if (r < 1n || r >= ORDER || s < 1n || s >= ORDER) return false;
  const w = power(s, ORDER - 2n, ORDER);
  const e = BigInt(`0x${Buffer.from(digest).toString("hex")}`);
  // u1 G + u2 Q with Q = d G
  const point = times(mod(w * (e + r * d), ORDER), G);
  return point !== undefined && mod(point[0], ORDER) === r;
}

/** r and s of a DER Ecdsa-Sig-Value, which must be as short as DER demands. */
export function ecdsaNumbers(der: Uint8Array): [bigint, bigint] {
  const read = (at: number): { number: bigint; end: number } => {
    const end = at + 2 + (der[at + 1] as number);
    const content = Buffer.from(der.subarray(at + 2, end));
    const isLong = content.length > 1 && content[0] === 0 && (content[1] as number) < 0x80;
    if (der[at] !== 0x02 || content.length === 0 || isLong || (content[0] as number) >= 0x80)
      throw new Error("not a DER INTEGER of a natural number");
    return { number: BigInt(`0x${content.toString("hex")}`), end };
  };
  const r = read(2);
  const s = read(r.end);
  if (der[0] !== 0x30 || der[1] !== der.length - 2 || s.end !== der.length)
    throw new Error("not an Ecdsa-Sig-Value");
  return [r.number, s.number];
}

function times(scalar: bigint, point: Point): Point {
  let sum: Point;
  let addend = point;
  for (let rest = scalar; rest > 0n; rest >>= 1n) {
    if (rest & 1n) sum = add(sum, addend);
    addend = add(addend, addend);
  }
  return sum;
}

function add(a: Point, b: Point): Point {
  if (a === undefined) return b;
  if (b === undefined) return a;
  const [[x1, y1], [x2, y2]] = [a, b];
  if (x1 === x2 && mod(y1 + y2, P) === 0n) return undefined;
  const slope =
    x1 === x2
      ? (3n * x1 * x1 - 3n) * power(2n * y1, P - 2n, P)
      : (y2 - y1) * power(mod(x2 - x1, P), P - 2n, P);
  const x = mod(slope * slope - x1 - x2, P);
  return [x, mod(slope * (x1 - x) - y1, P)];
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = mod(base, modulus);
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = mod(result * square, modulus);
    square = mod(square * square, modulus);
  }
  return result;
}

const mod = (number: bigint, modulus: bigint): bigint => ((number % modulus) + modulus) % modulus;

const octets = (number: bigint): Buffer => Buffer.from(number.toString(16).padStart(64, "0"), "hex");
