#include "rsa-lanes.h"

#if defined(__x86_64__)
// GCC 12 takes the undefined operands in its own header for mistakes.
#pragma GCC diagnostic ignored "-Wuninitialized"
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <immintrin.h>

#include <cstring>

// Only these functions are compiled for such a processor; Available() says whether they may be called.
#define LANES __attribute__((target("avx512f,avx512ifma")))

namespace sekisho {
namespace {

using Vector = __m512i;

constexpr unsigned kDigitBits = 52;
constexpr uint64_t kDigitMask = (1ull << kDigitBits) - 1;
constexpr size_t kLimbs = RsaLanes::kOctets / 8;

LANES inline Vector Load(const uint64_t (&digit)[kLanes]) { return _mm512_load_si512(digit); }
LANES inline void Store(uint64_t (&digit)[kLanes], Vector value) { _mm512_store_si512(digit, value); }

// Leaves 52 bits of a digit and gives what is above, signed, to be added to the next.
LANES inline Vector CarryOut(Vector& digit) {
  const Vector carry = _mm512_srai_epi64(digit, kDigitBits);
  digit = _mm512_and_si512(digit, _mm512_set1_epi64(kDigitMask));
  return carry;
}

// The other prime's lanes.
LANES inline Vector Swapped(Vector value) { return _mm512_shuffle_i64x2(value, value, 0x4e); }
// Lanes 0 to 3 in both halves.
LANES inline Vector Twice(Vector value) { return _mm512_shuffle_i64x2(value, value, 0x44); }

LANES void Add(Lanes& sum, const Lanes& other) {
  Vector carry = _mm512_setzero_si512();
  for (size_t i = 0; i < kDigits; i++) {
    Vector digit = _mm512_add_epi64(_mm512_add_epi64(Load(sum.digit[i]), Load(other.digit[i])), carry);
    carry = CarryOut(digit);
    Store(sum.digit[i], digit);
  }
}

// Big-endian octets, at most 256, into one lane.
void Write(WideLanes& number, size_t lane, const uint8_t* octets, size_t count) {
  uint64_t limbs[kLimbs + 2] = {};
  for (size_t i = 0; i < count; i++) limbs[i / 8] |= uint64_t{octets[count - 1 - i]} << (i % 8 * 8);
  for (size_t i = 0; i < 2 * kDigits; i++) {
    const size_t bit = i * kDigitBits;
    const unsigned shift = bit % 64;
    uint64_t digit = limbs[bit / 64] >> shift;
    if (shift != 0) digit |= limbs[bit / 64 + 1] << (64 - shift);
    (i < kDigits ? number.low : number.high).digit[i % kDigits][lane] = digit & kDigitMask;
  }
}

void Read(const WideLanes& number, size_t lane, RsaLanes::Number& octets) {
  const auto digit = [&](size_t i) {
    return i < 2 * kDigits ? (i < kDigits ? number.low : number.high).digit[i % kDigits][lane] : 0;
  };
  for (size_t i = 0; i < kLimbs; i++) {
    const size_t at = i * 64 / kDigitBits;
    const unsigned shift = i * 64 % kDigitBits;
    uint64_t limb = digit(at) >> shift | digit(at + 1) << (kDigitBits - shift);
    if (2 * kDigitBits - shift < 64) limb |= digit(at + 2) << (2 * kDigitBits - shift);
    for (size_t j = 0; j < 8; j++) octets[RsaLanes::kOctets - 1 - (i * 8 + j)] = static_cast<uint8_t>(limb >> (j * 8));
  }
}

// One number for the lanes of p, another for those of q; both of 1024 bits at most.
Lanes Pair(const RsaLanes::Prime& ofP, const RsaLanes::Prime& ofQ) {
  WideLanes pair;
  for (size_t lane = 0; lane < kLanes; lane++)
    Write(pair, lane, lane < RsaLanes::kOperations ? ofP : ofQ, RsaLanes::kPrimeOctets);
  return pair.low;
}

}  // namespace

bool RsaLanes::Available() { return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512ifma"); }

RsaLanes::RsaLanes(const Key& key)
    : modulus_(Pair(key.p, key.q)), otherModulus_(Pair(key.q, key.p)), exponent_(Pair(key.dP, key.dQ)), one_{} {
  for (size_t lane = 0; lane < kLanes; lane++) {
    one_.digit[0][lane] = 1;
    // Newton: each round doubles the low bits in which m * inverse is 1; 3 of them are right at first.
    const uint64_t m = modulus_.digit[0][lane];
    uint64_t inverse = m;
    for (int bits = 3; bits < 64; bits *= 2) inverse *= 2 - m * inverse;
    negativeInverse_[lane] = -inverse & kDigitMask;
  }
  // 2^1024 - m is 2^1024 mod m, since m has 1024 bits; doubled up to R, and to R^2.
  Lanes power = {};
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
LANES void RsaLanes::Multiply(Lanes& product, const Lanes& a, const Lanes& b) const {
  const Vector zero = _mm512_setzero_si512();
  const Vector negativeInverse = Load(negativeInverse_);
  Vector sum[kDigits + 1];
#pragma GCC unroll 21
  for (size_t j = 0; j <= kDigits; j++) sum[j] = zero;
  // Not unrolled: the body fills the registers, and four times the code would take four times as long.
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
LANES void RsaLanes::Reduce(Lanes& residue, const WideLanes& number) const {
  Lanes high;
  Multiply(high, number.high, r3_);
  Multiply(residue, number.low, r2_);
  Add(residue, high);
}

// Subtracts the modulus in those lanes that are not below it.
LANES void RsaLanes::SubtractModulus(Lanes& number) const {
  Lanes difference;
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
LANES void RsaLanes::LeaveMontgomery(Lanes& number) const {
  Multiply(number, number, one_);
  SubtractModulus(number);
}

// Four bits of the exponent at a time, the highest first; what it multiplies by is picked out of all powers by masks.
LANES void RsaLanes::RaiseToPrivate(Lanes& number) {
  powers_[0] = r1_;
  for (size_t i = 1; i < kTable; i++) Multiply(powers_[i], powers_[i - 1], number);
  constexpr size_t kWindowsPerDigit = kDigitBits / kWindowBits;
  Lanes power;
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
LANES void RsaLanes::RaiseToPublic(Lanes& number) const {
  const Lanes base = number;
  for (int i = 0; i < 16; i++) Multiply(number, number, number);
  Multiply(number, number, base);
}

// From residues modulo p and q the number modulo n, in the lanes of p and again in those of q (RFC 8017 5.1.2, step 2 b iii, iv).
LANES void RsaLanes::Recombine(WideLanes& number, const Lanes& residue) const {
  Lanes h;
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

// Modulo p and modulo q, which is modulo n. `message` is times R and below 4 m.
LANES bool RsaLanes::IsSignature(const WideLanes& signature, const Lanes& message) const {
  Lanes raised;
  Reduce(raised, signature);
  RaiseToPublic(raised);
  LeaveMontgomery(raised);
  Lanes expected = message;
  LeaveMontgomery(expected);
  Vector difference = _mm512_setzero_si512();
  for (size_t i = 0; i < kDigits; i++)
    difference = _mm512_or_si512(difference, _mm512_xor_si512(Load(raised.digit[i]), Load(expected.digit[i])));
  return _mm512_test_epi64_mask(difference, difference) == 0;
}

LANES void RsaLanes::Mask(const Number (&masks)[kOperations], const Number (&unmasks)[kOperations]) {
  WideLanes number;
  for (size_t lane = 0; lane < kLanes; lane++) Write(number, lane, masks[lane % kOperations], kOctets);
  Reduce(mask_, number);
  for (size_t lane = 0; lane < kLanes; lane++) Write(number, lane, unmasks[lane % kOperations], kOctets);
  Reduce(unmask_, number);
}

LANES bool RsaLanes::PrivateOperation(const Number (&messages)[kOperations], Number (&results)[kOperations]) {
  WideLanes number;
  for (size_t lane = 0; lane < kLanes; lane++) Write(number, lane, messages[lane % kOperations], kOctets);
  Lanes message, power;
  Reduce(message, number);
  Multiply(power, message, mask_);
  RaiseToPrivate(power);
  Multiply(power, power, unmask_);
  LeaveMontgomery(power);
  Recombine(number, power);
  // The squares of a mask and its image are such a pair again, at less cost than a new one.
  Multiply(mask_, mask_, mask_);
  Multiply(unmask_, unmask_, unmask_);
  if (!IsSignature(number, message)) return false;
  for (size_t i = 0; i < kOperations; i++) Read(number, i, results[i]);
  return true;
}

}  // namespace sekisho

#else

namespace sekisho {

bool RsaLanes::Available() { return false; }
RsaLanes::RsaLanes(const Key&) {}
void RsaLanes::Mask(const Number (&)[kOperations], const Number (&)[kOperations]) {}
bool RsaLanes::PrivateOperation(const Number (&)[kOperations], Number (&)[kOperations]) { return false; }

}  // namespace sekisho

#endif
