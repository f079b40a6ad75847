// Registers that hold a digit of eight numbers each. Only for x86-64, and only for functions marked LANES, a macro of the
// kind of multiplication: the others are compiled for any processor.
#pragma once

#include "lanes.h"

// GCC 12 takes the undefined operands in its own header for mistakes.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>

#define INLINE_LANES LANES inline __attribute__((always_inline))
// Code that is called from many places and would not fit into the cache with a copy in each.
#define SEPARATE_LANES LANES inline __attribute__((noinline))

namespace sekisho::LANE_KIND {

using Vector = __m512i;

INLINE_LANES Vector Load(const uint64_t (&digit)[kLanes]) { return _mm512_load_si512(digit); }
INLINE_LANES void Store(uint64_t (&digit)[kLanes], Vector value) { _mm512_store_si512(digit, value); }

// Leaves 52 bits of a digit and gives what is above, signed, to be added to the next.
INLINE_LANES Vector CarryOut(Vector& digit) {
  const Vector carry = _mm512_srai_epi64(digit, kDigitBits);
  digit = _mm512_and_si512(digit, _mm512_set1_epi64(kDigitMask));
  return carry;
}

}  // namespace sekisho::LANE_KIND
