// Products of digits by AVX-512 IFMA: VPMADD52LUQ and VPMADD52HUQ multiply 52 bits by 52 and add the lower or the upper half.
#pragma once

#define LANE_KIND ifma
#define LANES __attribute__((target("avx512f,avx512ifma")))
#include "lane-vectors.h"

namespace sekisho::LANE_KIND {

// A digit as it is multiplied; of a Vector the lowest 52 bits.
using Factor = Vector;

INLINE_LANES Factor ToFactor(Vector digit) { return digit; }
INLINE_LANES Factor LowestToFactor(Vector sum) { return sum; }

// What MultiplyAdd adds to `low` and to `high` besides the halves of the product.
constexpr uint64_t kLowSurplus = 0;
constexpr uint64_t kHighSurplus = 0;

INLINE_LANES void MultiplyAdd(Vector& low, Vector& high, Factor a, Factor b) {
  low = _mm512_madd52lo_epu64(low, a, b);
  high = _mm512_madd52hi_epu64(high, a, b);
}

INLINE_LANES Vector LowProduct(Factor a, Factor b) { return _mm512_madd52lo_epu64(_mm512_setzero_si512(), a, b); }

// q * 2^bits, for a q below 2^52 that is also given as a factor.
template <unsigned bits>
INLINE_LANES void AddShifted(Vector& low, Vector& high, Vector, Factor q) {
  MultiplyAdd(low, high, ToFactor(_mm512_set1_epi64(1ll << bits)), q);
}
// Digits in memory as factors.
template <size_t digits>
class Factors {
 public:
  explicit Factors(const Lanes<digits>& number) : number_(number) {}
  INLINE_LANES Factor operator[](size_t i) const { return Load(number_.digit[i]); }

 private:
  const Lanes<digits>& number_;
};

}  // namespace sekisho::LANE_KIND
