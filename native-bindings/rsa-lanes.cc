#include "rsa-lanes.h"

#if defined(__x86_64__)
#include "lane-vectors.h"

namespace sekisho {
namespace {

// 20 digits of 52 bits.
constexpr size_t kHalfOctets = 130;

// The other prime's lanes.
LANES inline Vector Swapped(Vector value) { return _mm512_shuffle_i64x2(value, value, 0x4e); }
// Lanes 0 to 3 in both halves.
LANES inline Vector Twice(Vector value) { return _mm512_shuffle_i64x2(value, value, 0x44); }

template <size_t digits>
LANES void Add(Lanes<digits>& sum, const Lanes<digits>& other) {
  Vector carry = _mm512_setzero_si512();
  for (size_t i = 0; i < digits; i++) {
    Vector digit = _mm512_add_epi64(_mm512_add_epi64(Load(sum.digit[i]), Load(other.digit[i])), carry);
    carry = CarryOut(digit);
    Store(sum.digit[i], digit);
  }
}

}  // namespace

// One number for the lanes of p, another for those of q.
RsaLanes::Half RsaLanes::Pair(const Prime& ofP, const Prime& ofQ) {
  Half pair;
  for (size_t lane = 0; lane < kLanes; lane++) ToLane(pair, lane, lane < kOperations ? ofP : ofQ, kPrimeOctets);
  return pair;
}

// Each value in a lane of p and in one of q.
void RsaLanes::Spread(Whole& number, const Number (&values)[kOperations]) {
  for (size_t lane = 0; lane < kLanes; lane++) {
    ToLane(number.low, lane, values[lane % kOperations], kOctets);
    ToLane(number.high, lane, values[lane % kOperations], kOctets, kDigits);
  }
}

RsaLanes::RsaLanes(const Key& key)
    : modulus_(Pair(key.p, key.q)), otherModulus_(Pair(key.q, key.p)), exponent_(Pair(key.dP, key.dQ)), one_{} {
  for (size_t lane = 0; lane < kLanes; lane++) {
    one_.digit[0][lane] = 1;
    negativeInverse_[lane] = NegativeInverse(modulus_.digit[0][lane]);
  }
  // 2^1024 - m is 2^1024 mod m, since m has 1024 bits; doubled up to R, and to R^2.
  Half power = {};
  for (size_t lane = 0; lane < kLanes; lane++) power.digit[kDigits - 1][lane] = 1ull << (1024 - (kDigits - 1) * kDigitBits);
  SubtractModulus(power);
  for (size_t bit = 1024; bit < 2 * kDigits * kDigitBits; bit++) {
    if (bit == kDigits * kDigitBits) r1_ = power;
    Add(power, power);
    SubtractModulus(power);
  }
  r2_ = power;
  Multiply(r3_, r2_, r2_);
  mask_ = unmask_ = r1_;
  Multiply(qInv_, Pair(key.qInv, key.qInv), r2_);
}

// product = a * b / R mod m, below 2 m for a and b below 4 m (m < R / 2^16): never more than that, so nothing is subtracted.
// A digit takes up to 80 products of 52 bits, less than 2^59, before its carry is passed on. 0.28 us.
LANES void RsaLanes::Multiply(Half& product, const Half& a, const Half& b) const {
  const Vector zero = _mm512_setzero_si512();
  const Vector negativeInverse = Load(negativeInverse_);
  Vector sum[kDigits + 1];
#pragma GCC unroll 21
  for (size_t j = 0; j <= kDigits; j++) sum[j] = zero;
  // Not unrolled, which would take four times as long: the body fills the registers.
#pragma GCC unroll 1
  for (size_t i = 0; i < kDigits; i++) {
    const Vector factor = Load(b.digit[i]);
#pragma GCC unroll 20
    for (size_t j = 0; j < kDigits; j++) sum[j] = _mm512_madd52lo_epu64(sum[j], Load(a.digit[j]), factor);
    // What makes the lowest digit 0 when so many times the modulus are added.
    const Vector quotient = _mm512_madd52lo_epu64(zero, sum[0], negativeInverse);
    const Vector lowest = _mm512_madd52lo_epu64(sum[0], Load(modulus_.digit[0]), quotient);
#pragma GCC unroll 20
    for (size_t j = 1; j < kDigits; j++) sum[j] = _mm512_madd52lo_epu64(sum[j], Load(modulus_.digit[j]), quotient);
    sum[1] = _mm512_add_epi64(sum[1], _mm512_srli_epi64(lowest, kDigitBits));
    // Divided by 2^52: each digit is now the next lower one.
#pragma GCC unroll 20
    for (size_t j = 0; j < kDigits; j++) sum[j] = _mm512_madd52hi_epu64(sum[j + 1], Load(a.digit[j]), factor);
#pragma GCC unroll 20
    for (size_t j = 0; j < kDigits; j++) sum[j] = _mm512_madd52hi_epu64(sum[j], Load(modulus_.digit[j]), quotient);
  }
  Vector carry = zero;
#pragma GCC unroll 20
  for (size_t j = 0; j < kDigits; j++) {
    sum[j] = _mm512_add_epi64(sum[j], carry);
    carry = CarryOut(sum[j]);
    Store(product.digit[j], sum[j]);
  }
}

// residue = number * R mod m, below 4 m.
LANES void RsaLanes::Reduce(Half& residue, const Whole& number) const {
  Half high;
  Multiply(high, number.high, r3_);
  Multiply(residue, number.low, r2_);
  Add(residue, high);
}

// Subtracts the modulus in those lanes that are not below it.
LANES void RsaLanes::SubtractModulus(Half& number) const {
  Half difference;
  Vector borrow = _mm512_setzero_si512();
  for (size_t i = 0; i < kDigits; i++) {
    Vector digit = _mm512_add_epi64(_mm512_sub_epi64(Load(number.digit[i]), Load(modulus_.digit[i])), borrow);
    borrow = CarryOut(digit);
    Store(difference.digit[i], digit);
  }
  for (size_t i = 0; i < kDigits; i++) {
    const Vector digit = Load(difference.digit[i]);
    const Vector kept = _mm512_and_si512(borrow, _mm512_xor_si512(digit, Load(number.digit[i])));
    Store(number.digit[i], _mm512_xor_si512(digit, kept));
  }
}

// number / R mod m, below m.
LANES void RsaLanes::LeaveMontgomery(Half& number) const {
  Multiply(number, number, one_);
  SubtractModulus(number);
}

// Four bits of the exponent at a time, the highest first; what it multiplies by is picked out of all powers by masks.
LANES void RsaLanes::RaiseToPrivate(Half& number) {
  powers_[0] = r1_;
  for (size_t i = 1; i < kTable; i++) Multiply(powers_[i], powers_[i - 1], number);
  constexpr size_t kWindowsPerDigit = kDigitBits / kWindowBits;
  Half power;
  number = r1_;
  for (size_t window = 1024 / kWindowBits; window-- > 0;) {
    const __m128i shift = _mm_cvtsi32_si128(static_cast<int>(window % kWindowsPerDigit * kWindowBits));
    const Vector digit = Load(exponent_.digit[window / kWindowsPerDigit]);
    const Vector bits = _mm512_and_si512(_mm512_srl_epi64(digit, shift), _mm512_set1_epi64(kTable - 1));
    Vector picked[kDigits];
#pragma GCC unroll 20
    for (auto& each : picked) each = _mm512_setzero_si512();
#pragma GCC unroll 1
    for (size_t i = 0; i < kTable; i++) {
      const __mmask8 here = _mm512_cmpeq_epi64_mask(bits, _mm512_set1_epi64(static_cast<long long>(i)));
#pragma GCC unroll 20
      for (size_t j = 0; j < kDigits; j++) picked[j] = _mm512_mask_mov_epi64(picked[j], here, Load(powers_[i].digit[j]));
    }
#pragma GCC unroll 20
    for (size_t j = 0; j < kDigits; j++) Store(power.digit[j], picked[j]);
    for (unsigned i = 0; i < kWindowBits; i++) Multiply(number, number, number);
    Multiply(number, number, power);
  }
}

// ^ 65537
LANES void RsaLanes::RaiseToPublic(Half& number) const {
  const Half base = number;
  for (int i = 0; i < 16; i++) Multiply(number, number, number);
  Multiply(number, number, base);
}

// From residues modulo p and q the number modulo n, in the lanes of p and again in those of q (RFC 8017 5.1.2, step 2 b iii, iv).
LANES void RsaLanes::Recombine(Whole& number, const Half& residue) const {
  Half h;
  Vector carry = _mm512_setzero_si512();
  // m_1 - m_2, and 2 p, so that it is not negative: q < 2^1024 <= 2 p.
  for (size_t i = 0; i < kDigits; i++) {
    const Vector own = Load(residue.digit[i]);
    Vector digit = _mm512_add_epi64(_mm512_sub_epi64(own, Swapped(own)), _mm512_slli_epi64(Load(modulus_.digit[i]), 1));
    digit = _mm512_add_epi64(digit, carry);
    carry = CarryOut(digit);
    Store(h.digit[i], digit);
  }
  Multiply(h, h, qInv_);
  SubtractModulus(h);
  Vector sum[2 * kDigits];
  for (size_t i = 0; i < 2 * kDigits; i++) sum[i] = i < kDigits ? Swapped(Load(residue.digit[i])) : _mm512_setzero_si512();
  for (size_t i = 0; i < kDigits; i++)
    for (size_t j = 0; j < kDigits; j++) {
      const Vector a = Load(h.digit[i]);
      const Vector b = Load(otherModulus_.digit[j]);
      sum[i + j] = _mm512_madd52lo_epu64(sum[i + j], a, b);
      sum[i + j + 1] = _mm512_madd52hi_epu64(sum[i + j + 1], a, b);
    }
  carry = _mm512_setzero_si512();
  for (size_t i = 0; i < 2 * kDigits; i++) {
    sum[i] = _mm512_add_epi64(sum[i], carry);
    carry = CarryOut(sum[i]);
    Store((i < kDigits ? number.low : number.high).digit[i % kDigits], Twice(sum[i]));
  }
}

// Modulo p and modulo q, which is modulo n. The messages are read again: a fault in what was signed modulo one of the primes
// must not stand on both sides.
LANES bool RsaLanes::AreSignatures(const Whole& signatures, const Number (&messages)[kOperations]) const {
  Half raised;
  Reduce(raised, signatures);
  RaiseToPublic(raised);
  LeaveMontgomery(raised);
  Whole number;
  Spread(number, messages);
  Half expected;
  Reduce(expected, number);
  LeaveMontgomery(expected);
  Vector difference = _mm512_setzero_si512();
  for (size_t i = 0; i < kDigits; i++)
    difference = _mm512_or_si512(difference, _mm512_xor_si512(Load(raised.digit[i]), Load(expected.digit[i])));
  return _mm512_test_epi64_mask(difference, difference) == 0;
}

LANES void RsaLanes::Mask(const Number (&masks)[kOperations], const Number (&unmasks)[kOperations]) {
  Whole number;
  Spread(number, masks);
  Reduce(mask_, number);
  Spread(number, unmasks);
  Reduce(unmask_, number);
}

LANES bool RsaLanes::PrivateOperation(const Number (&messages)[kOperations], Number (&results)[kOperations]) {
  Whole number;
  Spread(number, messages);
  Half power;
  Reduce(power, number);
  Multiply(power, power, mask_);
  RaiseToPrivate(power);
  Multiply(power, power, unmask_);
  LeaveMontgomery(power);
  Recombine(number, power);
  // The squares of a mask and its image are such a pair again, at less cost than a new one.
  Multiply(mask_, mask_, mask_);
  Multiply(unmask_, unmask_, unmask_);
  if (!AreSignatures(number, messages)) return false;
  for (size_t i = 0; i < kOperations; i++) {
    FromLane(number.high, i, results[i], kOctets - kHalfOctets);
    FromLane(number.low, i, results[i] + kOctets - kHalfOctets, kHalfOctets);
  }
  return true;
}

}  // namespace sekisho

#else

namespace sekisho {

RsaLanes::RsaLanes(const Key&) {}
void RsaLanes::Mask(const Number (&)[kOperations], const Number (&)[kOperations]) {}
bool RsaLanes::PrivateOperation(const Number (&)[kOperations], Number (&)[kOperations]) { return false; }

}  // namespace sekisho

#endif
