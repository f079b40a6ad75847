// Inverses modulo eight odd numbers at once, by Bernstein and Yang's division steps (Fast constant-time gcd computation and
// modular inversion, 2019), from delta = 1/2: 590 steps are enough for 256 bits, whatever the number. A step looks at the
// lowest bits of f and g only, so 30 of them are made on these alone; what they come to is a matrix, by which the numbers
// are multiplied afterwards.
#pragma once

namespace sekisho::LANE_KIND {

constexpr unsigned kStepsAtATime = OddModulus::kDigitBits;
constexpr unsigned kRounds = 20;
constexpr size_t kShortDigits = OddModulus::kDigits;
constexpr int64_t kShortMask = (1ll << kStepsAtATime) - 1;

// A number in digits of 30 bits, of which the last has the sign.
struct ShortDigits {
  Vector digit[kShortDigits];
};

// u, v, q and r are at most 2^30 in size, and so are |u| + |v| and |q| + |r|.
struct Steps {
  Vector u, v, q, r;
};

// Two numbers of 32 bits in a lane, low + high * 2^32, are added, negated and doubled as one.
INLINE_LANES Vector HighOf(Vector pair, Vector low) { return _mm512_srai_epi64(_mm512_sub_epi64(pair, low), 32); }
INLINE_LANES Vector LowOf(Vector pair) { return _mm512_srai_epi64(_mm512_slli_epi64(pair, 32), 32); }

// `zeta` is -(delta + 1/2).
INLINE_LANES Steps Divide(Vector& zeta, Vector f, Vector g) {
  const Vector zero = _mm512_setzero_si512();
  Vector uv = _mm512_set1_epi64(1);
  Vector qr = _mm512_set1_epi64(1ll << 32);
#pragma GCC unroll 1
  for (unsigned i = 0; i < kStepsAtATime; i++) {
    const __mmask8 negative = _mm512_cmplt_epi64_mask(zeta, zero);
    const __mmask8 odd = _mm512_test_epi64_mask(g, _mm512_set1_epi64(1));
    const __mmask8 both = negative & odd;
    g = _mm512_mask_add_epi64(g, odd, g, _mm512_mask_sub_epi64(f, negative, zero, f));
    qr = _mm512_mask_add_epi64(qr, odd, qr, _mm512_mask_sub_epi64(uv, negative, zero, uv));
    zeta = _mm512_mask_xor_epi64(zeta, both, zeta, _mm512_set1_epi64(-1));
    zeta = _mm512_sub_epi64(zeta, _mm512_set1_epi64(1));
    f = _mm512_mask_add_epi64(f, both, f, g);
    uv = _mm512_mask_add_epi64(uv, both, uv, qr);
    g = _mm512_srai_epi64(g, 1);
    uv = _mm512_add_epi64(uv, uv);
  }
  const Vector u = LowOf(uv), q = LowOf(qr);
  return {u, HighOf(uv, u), q, HighOf(qr, q)};
}

// a * first + b * second
INLINE_LANES Vector Combined(Vector a, Vector first, Vector b, Vector second) {
  return _mm512_add_epi64(_mm512_mul_epi32(a, first), _mm512_mul_epi32(b, second));
}

INLINE_LANES Vector EveryLane(int64_t number) { return _mm512_set1_epi64(number); }

// The multiple of the modulus that makes a * d + b * e divisible by 2^30 and leaves the quotient between -2 moduli and one,
// where d and e are.
INLINE_LANES Vector Multiple(Vector a, Vector b, const ShortDigits& d, const ShortDigits& e, const OddModulus& modulus) {
  const Vector zero = _mm512_setzero_si512();
  const __mmask8 negativeD = _mm512_cmplt_epi64_mask(d.digit[kShortDigits - 1], zero);
  const __mmask8 negativeE = _mm512_cmplt_epi64_mask(e.digit[kShortDigits - 1], zero);
  const Vector least = _mm512_add_epi64(_mm512_maskz_mov_epi64(negativeD, a), _mm512_maskz_mov_epi64(negativeE, b));
  const Vector lowest = Combined(a, d.digit[0], b, e.digit[0]);
  const Vector excess = _mm512_add_epi64(_mm512_mul_epu32(EveryLane(modulus.inverse), lowest), least);
  return _mm512_sub_epi64(least, _mm512_and_si512(excess, EveryLane(kShortMask)));
}

// a and b become what the steps make of them, so many times the modulus added: divisible by 2^30, and divided by it.
INLINE_LANES void Take(ShortDigits& a, ShortDigits& b, const Steps& steps, Vector timesA, Vector timesB,
                       const OddModulus& modulus) {
  const auto& [u, v, q, r] = steps;
  Vector carryA = _mm512_setzero_si512();
  Vector carryB = _mm512_setzero_si512();
  for (size_t i = 0; i < kShortDigits; i++) {
    const Vector m = EveryLane(modulus.digit[i]);
    const Vector sumA = _mm512_add_epi64(carryA, _mm512_add_epi64(_mm512_mul_epi32(m, timesA), Combined(u, a.digit[i], v, b.digit[i])));
    const Vector sumB = _mm512_add_epi64(carryB, _mm512_add_epi64(_mm512_mul_epi32(m, timesB), Combined(q, a.digit[i], r, b.digit[i])));
    if (i > 0) {
      a.digit[i - 1] = _mm512_and_si512(sumA, EveryLane(kShortMask));
      b.digit[i - 1] = _mm512_and_si512(sumB, EveryLane(kShortMask));
    }
    carryA = _mm512_srai_epi64(sumA, kStepsAtATime);
    carryB = _mm512_srai_epi64(sumB, kStepsAtATime);
  }
  a.digit[kShortDigits - 1] = carryA;
  b.digit[kShortDigits - 1] = carryB;
}

// first / number modulo the modulus, between minus one modulus and one: 0 if the number is 0, which like `first` is below the
// modulus and not negative.
SEPARATE_LANES ShortDigits Quotient(const ShortDigits& first, const ShortDigits& number, const OddModulus& modulus) {
  ShortDigits f, g = number, d, e = first;
  for (size_t i = 0; i < kShortDigits; i++) {
    f.digit[i] = EveryLane(modulus.digit[i]);
    d.digit[i] = _mm512_setzero_si512();
  }
  const Vector zero = _mm512_setzero_si512();
  Vector zeta = EveryLane(-1);
#pragma GCC unroll 1
  for (unsigned i = 0; i < kRounds; i++) {
    const Steps steps = Divide(zeta, f.digit[0], g.digit[0]);
    // Of f and g the steps themselves have made multiples of 2^30.
    Take(f, g, steps, zero, zero, modulus);
    const Vector timesD = Multiple(steps.u, steps.v, d, e, modulus);
    const Vector timesE = Multiple(steps.q, steps.r, d, e, modulus);
    Take(d, e, steps, timesD, timesE, modulus);
  }
  // g is 0 now, f 1 or -1.
  const __mmask8 below = _mm512_cmplt_epi64_mask(d.digit[kShortDigits - 1], zero);
  const __mmask8 negative = _mm512_cmplt_epi64_mask(f.digit[kShortDigits - 1], zero);
  for (size_t i = 0; i < kShortDigits; i++) {
    d.digit[i] = _mm512_mask_add_epi64(d.digit[i], below, d.digit[i], EveryLane(modulus.digit[i]));
    d.digit[i] = _mm512_mask_sub_epi64(d.digit[i], negative, zero, d.digit[i]);
  }
  return d;
}

}  // namespace sekisho::LANE_KIND
