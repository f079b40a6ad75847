// Products of digits for processors with AVX-512 but without IFMA, by VFMADD: a double holds 53 bits and a fused product is
// rounded once, after the addition. Rounded towards zero, a * b + 2^104 keeps what of the product is not below 2^52; what is
// left of it is then exact. Both stand in the fractions of numbers whose exponents are known, and are added as integers. No
// operand is ever denormal, so that all of them take the same time.
#pragma once

#define LANE_KIND fma
#define LANES __attribute__((target("avx512f,avx512dq")))
#include "lane-vectors.h"

namespace sekisho::LANE_KIND {

// A digit as it is multiplied.
using Factor = __m512d;

INLINE_LANES Factor ToFactor(Vector digit) { return _mm512_cvtepu64_pd(digit); }
INLINE_LANES Factor LowestToFactor(Vector sum) {
  return ToFactor(_mm512_and_si512(sum, _mm512_set1_epi64(kDigitMask)));
}

// What MultiplyAdd adds to `low` and to `high` besides the halves of the product: the signs and exponents of 2^52 and 2^104.
constexpr uint64_t kLowSurplus = 0x4330ull << 48;
constexpr uint64_t kHighSurplus = 0x4670ull << 48;

struct Product {
  Vector low, high;
};

INLINE_LANES Product Halves(Factor a, Factor b) {
  constexpr int kTowardsZero = _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC;
  const __m512d high = _mm512_fmadd_round_pd(a, b, _mm512_set1_pd(0x1p104), kTowardsZero);
  const __m512d without = _mm512_sub_pd(_mm512_set1_pd(0x1p104 + 0x1p52), high);
  const __m512d low = _mm512_fmadd_round_pd(a, b, without, kTowardsZero);
  return {_mm512_castpd_si512(low), _mm512_castpd_si512(high)};
}

INLINE_LANES void MultiplyAdd(Vector& low, Vector& high, Factor a, Factor b) {
  const Product product = Halves(a, b);
  low = _mm512_add_epi64(low, product.low);
  high = _mm512_add_epi64(high, product.high);
  // GCC would add up products before it adds them here, and keep them in memory meanwhile: a twentieth of the time.
  asm("" : "+v"(low), "+v"(high));
}

INLINE_LANES Vector LowProduct(Factor a, Factor b) {
  return _mm512_and_si512(Halves(a, b).low, _mm512_set1_epi64(kDigitMask));
}

// q * 2^bits, for a q below 2^52 that is also given as a factor: shifts take as many steps as a product, but a shorter time.
template <unsigned bits>
INLINE_LANES void AddShifted(Vector& low, Vector& high, Vector q, Factor) {
  low = _mm512_add_epi64(low, _mm512_and_si512(_mm512_slli_epi64(q, bits), _mm512_set1_epi64(kDigitMask)));
  high = _mm512_add_epi64(high, _mm512_srli_epi64(q, kDigitBits - bits));
}

// Digits in memory as factors.
template <size_t digits>
class Factors {
 public:
  LANES explicit Factors(const Lanes<digits>& number) {
    for (size_t i = 0; i < digits; i++) factor_[i] = ToFactor(Load(number.digit[i]));
  }
  INLINE_LANES Factor operator[](size_t i) const { return factor_[i]; }

 private:
  Factor factor_[digits];
};

}  // namespace sekisho::LANE_KIND
