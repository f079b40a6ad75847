/** Rounds of Fermat's factorisation (standards I19, BR 6.1.1.3). */
const FERMAT_ROUNDS = 100n;

const MIN_EXPONENT = 65537n;
const MAX_EXPONENT = 2n ** 256n;

/** NIST SP 800-89 5.3.3: no prime factor below 752. */
const SMALL_PRIMES = primesBelow(752);

/**
 * Primes up to 167 that tell ROCA moduli apart (CVE-2017-15361): the faulty library made primes that are powers of
 * 65537 modulo each of them, so the modulus is one too. A sound modulus passes for one by chance in about 2^27.
 */
const ROCA_SUBGROUPS = primesBelow(168)
  .slice(1)
  .map((prime) => ({ prime, powers: powersOf65537(prime) }));

/** Why an RSA key is weak, as an operator reads it; undefined if no test objects (standards I19). */
export function rsaWeakness(modulus: bigint, exponent: bigint): string | undefined {
  if (exponent < MIN_EXPONENT || exponent >= MAX_EXPONENT || exponent % 2n === 0n)
    return "the RSA exponent is not an odd number from 65537 to 2^256-1";
  const factor = SMALL_PRIMES.find((prime) => modulus % prime === 0n);
  if (factor !== undefined) return `the RSA modulus is divisible by ${factor}`;
  if (hasRocaFingerprint(modulus)) return "the RSA modulus comes from the faulty generator ROCA";
  if (hasCloseFactors(modulus)) return "the RSA modulus has two factors close to each other";
  if (isPerfectPower(modulus)) return "the RSA modulus is a power of one number";
  return undefined;
}

function hasRocaFingerprint(modulus: bigint): boolean {
  return ROCA_SUBGROUPS.every(({ prime, powers }) => powers.has(modulus % prime));
}

/** Fermat: an odd n = ((a+b)/2)^2 - ((a-b)/2)^2; close factors a, b are found just above the root of n. */
function hasCloseFactors(modulus: bigint): boolean {
  const root = integerRoot(modulus, 2n);
  const first = root * root === modulus ? root : root + 1n;
  for (let middle = first; middle < first + FERMAT_ROUNDS; middle++)
    if (isSquare(middle * middle - modulus)) return true;
  return false;
}

function isSquare(value: bigint): boolean {
  // Squares end in 0, 1, 4 or 9 modulo 16: spares three roots of four.
  const low = Number(value & 15n);
  if (low !== 0 && low !== 1 && low !== 4 && low !== 9) return false;
  return integerRoot(value, 2n) ** 2n === value;
}

/** No factor lies below 752 > 2^9, so the exponent of a power is at most a ninth of the modulus' bits. */
function isPerfectPower(modulus: bigint): boolean {
  const limit = Math.floor(modulus.toString(2).length / 9) + 1;
  return primesBelow(limit).some((degree) => integerRoot(modulus, degree) ** degree === modulus);
}

/** Largest r with r^degree <= value, by Newton's method from above. */
function integerRoot(value: bigint, degree: bigint): bigint {
  if (value < 2n) return value;
  const bits = BigInt(value.toString(2).length);
  let root = 1n << (bits / degree + 1n);
  for (;;) {
    const next = ((degree - 1n) * root + value / root ** (degree - 1n)) / degree;
    if (next >= root) return root;
    root = next;
  }
}

function powersOf65537(prime: bigint): ReadonlySet<bigint> {
  const powers = new Set<bigint>();
  for (let power = 1n; !powers.has(power); power = (power * 65537n) % prime) powers.add(power);
  return powers;
}

function primesBelow(limit: number): bigint[] {
  const primes: number[] = [];
  for (let n = 2; n < limit; n++) if (primes.every((prime) => n % prime !== 0)) primes.push(n);
  return primes.map(BigInt);
}
