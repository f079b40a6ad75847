// The sums that a Montgomery multiplication begins with: less by what the additions of products will have added to them too much.
#pragma once

#include <array>

namespace sekisho::LANE_KIND {

// For so many products a * b of numbers of so many digits, and for the digits of the modulus that are multiplied as well (one
// bit each).
template <size_t digits>
constexpr std::array<uint64_t, 2 * digits + 1> FirstSums(uint64_t products, uint32_t ofModulus) {
  std::array<uint64_t, 2 * digits + 1> sums{};
  for (size_t i = 0; i < digits; i++)
    for (size_t j = 0; j < digits; j++) {
      const uint64_t additions = products + (ofModulus >> j & 1);
      sums[i + j] -= additions * kLowSurplus;
      sums[i + j + 1] -= additions * kHighSurplus;
    }
  return sums;
}

INLINE_LANES Vector First(uint64_t sum) { return _mm512_set1_epi64(static_cast<long long>(sum)); }

}  // namespace sekisho::LANE_KIND
