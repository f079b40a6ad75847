// Eight numbers in the lanes of AVX-512 registers, in digits of 52 bits, which is what the processor multiplies. Whatever is
// computed so takes the same steps for all eight.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sekisho {

constexpr size_t kLanes = 8;
constexpr unsigned kDigitBits = 52;
constexpr uint64_t kDigitMask = (1ull << kDigitBits) - 1;

// The i-th digits of the eight numbers stand side by side, the lowest first.
template <size_t digits>
struct alignas(64) Lanes {
  uint64_t digit[digits][kLanes];
};

// Writes into one lane what stands from digit `first` on in a big-endian number.
template <size_t digits>
void ToLane(Lanes<digits>& lanes, size_t lane, const uint8_t* octets, size_t count, size_t first = 0) {
  for (size_t i = 0; i < digits; i++) {
    const size_t bit = (first + i) * kDigitBits;
    uint64_t digit = 0;
    for (size_t j = 0; j < 8 && bit / 8 + j < count; j++) digit |= uint64_t{octets[count - 1 - bit / 8 - j]} << (j * 8);
    lanes.digit[i][lane] = (digit >> (bit % 8)) & kDigitMask;
  }
}

// Reads the lowest octets of one lane, big-endian.
template <size_t digits>
void FromLane(const Lanes<digits>& lanes, size_t lane, uint8_t* octets, size_t count) {
  for (size_t i = 0; i < count; i++) {
    const size_t at = i * 8 / kDigitBits;
    const unsigned shift = i * 8 % kDigitBits;
    uint64_t bits = lanes.digit[at][lane] >> shift;
    if (shift > kDigitBits - 8 && at + 1 < digits) bits |= lanes.digit[at + 1][lane] << (kDigitBits - shift);
    octets[count - 1 - i] = static_cast<uint8_t>(bits);
  }
}

// What a division modulo a number of up to 256 bits takes (lane-inverse.h).
struct OddModulus {
  static constexpr unsigned kDigitBits = 30;
  static constexpr size_t kDigits = 9;
  int64_t digit[kDigits];
  // 1 / modulus mod 2^30.
  int64_t inverse;
};

// -1 / odd mod 2^52, by Newton: each round doubles the low bits in which odd * inverse is 1; 3 of them are right at first.
inline uint64_t NegativeInverse(uint64_t odd) {
  uint64_t inverse = odd;
  for (int bits = 3; bits < 64; bits *= 2) inverse *= 2 - odd * inverse;
  return -inverse & kDigitMask;
}

// Which instructions multiply the digits: see lane-products-ifma.h and lane-products-fma.h.
enum class LaneKind { kNone, kFma, kIfma };

}  // namespace sekisho
