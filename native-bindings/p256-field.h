// Arithmetic modulo p and n of P-256, for eight numbers at once.
#pragma once

#include "lane-inverse.h"
#include "lane-sums.h"
#include "p256-lanes.h"

namespace sekisho::LANE_KIND {

using Modulus = P256Curve::Modulus;
constexpr size_t kDigits = P256Curve::kDigits;

// Eight numbers below twice the modulus, each digit below 2^52.
struct Element {
  Vector digit[kDigits];
};

INLINE_LANES Element Loaded(const Lanes<kDigits>& lanes) {
  Element element;
  for (size_t i = 0; i < kDigits; i++) element.digit[i] = Load(lanes.digit[i]);
  return element;
}

INLINE_LANES void Stored(Lanes<kDigits>& lanes, const Element& element) {
  for (size_t i = 0; i < kDigits; i++) Store(lanes.digit[i], element.digit[i]);
}

INLINE_LANES Element Everywhere(const P256Curve::Number& number) {
  Element element;
  for (size_t i = 0; i < kDigits; i++) element.digit[i] = _mm512_set1_epi64(static_cast<long long>(number[i]));
  return element;
}

INLINE_LANES Element Zero() {
  Element element;
  for (auto& digit : element.digit) digit = _mm512_setzero_si512();
  return element;
}

INLINE_LANES Element Chosen(__mmask8 second, const Element& first, const Element& other) {
  Element element;
  for (size_t i = 0; i < kDigits; i++) element.digit[i] = _mm512_mask_mov_epi64(first.digit[i], second, other.digit[i]);
  return element;
}

// Passes carries on; lanes that are negative get `number` added.
INLINE_LANES Element Settled(Element element, const P256Curve::Number& number) {
  Vector carry = _mm512_setzero_si512();
  for (auto& digit : element.digit) {
    digit = _mm512_add_epi64(digit, carry);
    carry = CarryOut(digit);
  }
  const __mmask8 negative = _mm512_cmplt_epi64_mask(carry, _mm512_setzero_si512());
  carry = _mm512_setzero_si512();
  for (size_t i = 0; i < kDigits; i++) {
    Vector& digit = element.digit[i];
    digit = _mm512_mask_add_epi64(digit, negative, digit, _mm512_set1_epi64(static_cast<long long>(number[i])));
    digit = _mm512_add_epi64(digit, carry);
    carry = CarryOut(digit);
  }
  return element;
}

INLINE_LANES Element Add(const Element& a, const Element& b, const Modulus& modulus) {
  Element sum;
  const Element twice = Everywhere(modulus.twice);
  for (size_t i = 0; i < kDigits; i++)
    sum.digit[i] = _mm512_sub_epi64(_mm512_add_epi64(a.digit[i], b.digit[i]), twice.digit[i]);
  return Settled(sum, modulus.twice);
}

// Sums and differences of elements whose carries are still to be passed on.
struct Sum {
  Vector digit[kDigits];

  INLINE_LANES Sum(const Element& element) {
    for (size_t i = 0; i < kDigits; i++) digit[i] = element.digit[i];
  }
  INLINE_LANES Sum operator+(const Sum& other) const {
    Sum sum = *this;
    for (size_t i = 0; i < kDigits; i++) sum.digit[i] = _mm512_add_epi64(sum.digit[i], other.digit[i]);
    return sum;
  }
  INLINE_LANES Sum operator-(const Sum& other) const {
    Sum sum = *this;
    for (size_t i = 0; i < kDigits; i++) sum.digit[i] = _mm512_sub_epi64(sum.digit[i], other.digit[i]);
    return sum;
  }
};
INLINE_LANES Sum Thrice(const Sum& sum) { return sum + sum + sum; }

// A sum of at most 30 elements, modulo p: 64 p more are never negative, and what they have above 2^256 is multiplied by
// 2^256 mod p, which is 2^224 - 2^192 - 2^96 + 1. That is read off the highest digit, less 32, lest what the lower digits
// still owe it make the rest negative: it is between 0 and 2^256 + 2^232.
INLINE_LANES Element SettledP(const Sum& sum, const Modulus& p) {
  Element element;
  const Element times64 = Everywhere(p.times64);
  for (size_t i = 0; i < kDigits; i++) element.digit[i] = _mm512_add_epi64(sum.digit[i], times64.digit[i]);
  Vector& highest = element.digit[4];
  const Vector above = _mm512_srai_epi64(_mm512_sub_epi64(highest, _mm512_set1_epi64(32)), 48);
  highest = _mm512_sub_epi64(highest, _mm512_sub_epi64(_mm512_slli_epi64(above, 48), _mm512_slli_epi64(above, 16)));
  element.digit[3] = _mm512_sub_epi64(element.digit[3], _mm512_slli_epi64(above, 36));
  element.digit[1] = _mm512_sub_epi64(element.digit[1], _mm512_slli_epi64(above, 44));
  element.digit[0] = _mm512_add_epi64(element.digit[0], above);
  for (size_t i = 0; i + 1 < kDigits; i++)
    element.digit[i + 1] = _mm512_add_epi64(element.digit[i + 1], CarryOut(element.digit[i]));
  return element;
}

// Adds so many times the modulus that the lowest digit becomes 0, and carries what it was more than that.
INLINE_LANES void ClearLowest(Vector (&sum)[kDigits + 1], const Modulus& modulus) {
  const Element m = Everywhere(modulus.value);
  const Factor negativeInverse = ToFactor(_mm512_set1_epi64(static_cast<long long>(modulus.negativeInverse)));
  const Factor quotient = ToFactor(LowProduct(LowestToFactor(sum[0]), negativeInverse));
  for (size_t j = 0; j < kDigits; j++) MultiplyAdd(sum[j], sum[j + 1], ToFactor(m.digit[j]), quotient);
  sum[1] = _mm512_add_epi64(sum[1], _mm512_srli_epi64(sum[0], kDigitBits));
}
constexpr uint32_t MultipliedDigits(const Modulus*) { return 0x1f; }

// The same for p = 2^256 - 2^224 + 2^192 + 2^96 - 1, in fewer steps: the quotient is the lowest digit of the sum itself, which
// the last term takes away.
struct ModuloP {};
INLINE_LANES void ClearLowest(Vector (&sum)[kDigits + 1], ModuloP) {
  const Vector lowest = _mm512_and_si512(sum[0], _mm512_set1_epi64(kDigitMask));
  const Factor quotient = ToFactor(lowest);
  sum[1] = _mm512_add_epi64(sum[1], _mm512_srli_epi64(sum[0], kDigitBits));
  AddShifted<44>(sum[1], sum[2], lowest, quotient);
  AddShifted<36>(sum[3], sum[4], lowest, quotient);
  MultiplyAdd(sum[4], sum[5], ToFactor(_mm512_set1_epi64((1ll << 48) - (1ll << 16))), quotient);
}
constexpr uint32_t MultipliedDigits(const ModuloP*) { return 0x10; }

// (a_1 * b_1 + ...) / R, below twice the modulus: R is 16 times the modulus, so for two products of numbers below twice the
// modulus it is 8 / 16 of it and the modulus at most. Of one product alone one may also be any number below R if the other is
// below the modulus.
template <size_t products, typename Modulo>
INLINE_LANES Element SumOfProducts(const Element (&a)[products], const Element (&b)[products], const Modulo& modulus) {
  constexpr auto first = FirstSums<kDigits>(products, MultipliedDigits(static_cast<const Modulo*>(nullptr)));
  Factor factors[products][kDigits];
  for (size_t k = 0; k < products; k++)
    for (size_t j = 0; j < kDigits; j++) factors[k][j] = ToFactor(a[k].digit[j]);
  Vector sum[kDigits + 1];
  for (size_t j = 0; j <= kDigits; j++) sum[j] = First(first[j]);
#pragma GCC unroll 5
  for (size_t i = 0; i < kDigits; i++) {
    for (size_t k = 0; k < products; k++) {
      const Factor factor = ToFactor(b[k].digit[i]);
      for (size_t j = 0; j < kDigits; j++) MultiplyAdd(sum[j], sum[j + 1], factors[k][j], factor);
    }
    ClearLowest(sum, modulus);
    // Divided by 2^52: each digit is now the next lower one.
    for (size_t j = 0; j < kDigits; j++) sum[j] = sum[j + 1];
    sum[kDigits] = First(first[kDigits + 1 + i]);
  }
  Element product;
  Vector carry = _mm512_setzero_si512();
  for (size_t i = 0; i < kDigits; i++) {
    product.digit[i] = _mm512_add_epi64(sum[i], carry);
    carry = CarryOut(product.digit[i]);
  }
  return product;
}

template <typename Modulo>
SEPARATE_LANES Element Multiply(const Element& a, const Element& b, const Modulo& modulus) {
  return SumOfProducts<1>({a}, {b}, modulus);
}

INLINE_LANES Element MultiplyP(const Element& a, const Element& b) { return Multiply(a, b, ModuloP{}); }

// a * b + c * d, reduced once
SEPARATE_LANES Element MultiplyTwoP(const Element& a, const Element& b, const Element& c, const Element& d) {
  return SumOfProducts<2>({a, c}, {b, d}, ModuloP{});
}

// Below the modulus, for a number below twice it.
INLINE_LANES Element Reduced(const Element& element, const Modulus& modulus) {
  Element difference;
  const Element m = Everywhere(modulus.value);
  for (size_t i = 0; i < kDigits; i++) difference.digit[i] = _mm512_sub_epi64(element.digit[i], m.digit[i]);
  return Settled(difference, modulus.value);
}

// element / R, below the modulus.
SEPARATE_LANES Element LeftMontgomery(const Element& element, const Modulus& modulus) {
  Element one = Zero();
  one.digit[0] = _mm512_set1_epi64(1);
  return Reduced(Multiply(element, one, modulus), modulus);
}

// Lanes in which the two differ, both below the modulus.
INLINE_LANES __mmask8 Different(const Element& a, const Element& b) {
  Vector difference = _mm512_setzero_si512();
  for (size_t i = 0; i < kDigits; i++)
    difference = _mm512_or_si512(difference, _mm512_xor_si512(a.digit[i], b.digit[i]));
  return _mm512_test_epi64_mask(difference, difference);
}

INLINE_LANES ShortDigits ToShort(const Element& element) {
  ShortDigits number;
  for (size_t i = 0; i < kShortDigits; i++) {
    const size_t at = i * kStepsAtATime / kDigitBits;
    const unsigned shift = i * kStepsAtATime % kDigitBits;
    Vector bits = _mm512_srli_epi64(element.digit[at], shift);
    if (at + 1 < kDigits) bits = _mm512_or_si512(bits, _mm512_slli_epi64(element.digit[at + 1], kDigitBits - shift));
    number.digit[i] = _mm512_and_si512(bits, _mm512_set1_epi64(kShortMask));
  }
  return number;
}

// R^2 / element, for one that is below the modulus; 0 for 0.
SEPARATE_LANES Element Inverse(const Element& element, const Modulus& modulus) {
  ShortDigits number = Quotient(ToShort(Everywhere(modulus.r2)), ToShort(element), modulus.divisor);
  Vector carry = _mm512_setzero_si512();
  for (size_t i = 0; i < kShortDigits; i++) {
    // One modulus more is not negative.
    Vector& digit = number.digit[i];
    digit = _mm512_add_epi64(_mm512_add_epi64(digit, EveryLane(modulus.divisor.digit[i])), carry);
    carry = _mm512_srai_epi64(digit, kStepsAtATime);
    digit = _mm512_and_si512(digit, _mm512_set1_epi64(kShortMask));
  }
  Element inverse;
  for (size_t i = 0; i < kDigits; i++) {
    const size_t at = i * kDigitBits / kStepsAtATime;
    const unsigned shift = i * kDigitBits % kStepsAtATime;
    Vector bits = _mm512_srli_epi64(number.digit[at], shift);
    for (size_t j = 1; j < 3 && at + j < kShortDigits; j++)
      bits = _mm512_or_si512(bits, _mm512_slli_epi64(number.digit[at + j], static_cast<unsigned>(j * kStepsAtATime - shift)));
    inverse.digit[i] = _mm512_and_si512(bits, _mm512_set1_epi64(kDigitMask));
  }
  return inverse;
}

}  // namespace sekisho::LANE_KIND
