// Registers that hold a digit of eight numbers each. Only for x86-64, and only for functions marked LANES.
#pragma once

#include "lanes.h"

// GCC 12 takes the undefined operands in its own header for mistakes.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>

// Only these functions are compiled for such a processor: HasLanes() says whether they may be called.
#define LANES __attribute__((target("avx512f,avx512ifma")))

namespace sekisho {

using Vector = __m512i;

LANES inline Vector Load(const uint64_t (&digit)[kLanes]) { return _mm512_load_si512(digit); }
LANES inline void Store(uint64_t (&digit)[kLanes], Vector value) { _mm512_store_si512(digit, value); }

// Leaves 52 bits of a digit and gives what is above, signed, to be added to the next.
LANES inline Vector CarryOut(Vector& digit) {
  const Vector carry = _mm512_srai_epi64(digit, kDigitBits);
  digit = _mm512_and_si512(digit, _mm512_set1_epi64(kDigitMask));
  return carry;
}

}  // namespace sekisho
