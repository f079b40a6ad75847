#include "p256-lanes.h"

#if defined(__x86_64__)
#include "lane-vectors.h"

#define INLINE_LANES LANES inline __attribute__((always_inline))

namespace sekisho {
namespace {

using Modulus = P256Curve::Modulus;
constexpr size_t kDigits = P256Curve::kDigits;

// Eight numbers, below twice the modulus unless it is said otherwise.
struct Element {
  Vector digit[kDigits];
};

// Projective: x = X / Z, y = Y / Z; 0 : 1 : 0 is the point at infinity.
struct Point {
  Element x, y, z;
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

INLINE_LANES Element Subtract(const Element& a, const Element& b, const Modulus& modulus) {
  Element difference;
  for (size_t i = 0; i < kDigits; i++) difference.digit[i] = _mm512_sub_epi64(a.digit[i], b.digit[i]);
  return Settled(difference, modulus.twice);
}

INLINE_LANES Element Add(const Element& a, const Element& b, const Modulus& modulus) {
  Element sum;
  const Element twice = Everywhere(modulus.twice);
  for (size_t i = 0; i < kDigits; i++)
    sum.digit[i] = _mm512_sub_epi64(_mm512_add_epi64(a.digit[i], b.digit[i]), twice.digit[i]);
  return Settled(sum, modulus.twice);
}

// Adds so many times the modulus that the lowest digit becomes 0, and carries what it was more than that.
INLINE_LANES void ClearLowest(Vector (&sum)[kDigits + 1], const Modulus& modulus) {
  const Element m = Everywhere(modulus.value);
  const Vector negativeInverse = _mm512_set1_epi64(static_cast<long long>(modulus.negativeInverse));
  const Vector quotient = _mm512_madd52lo_epu64(_mm512_setzero_si512(), sum[0], negativeInverse);
  const Vector lowest = _mm512_madd52lo_epu64(sum[0], m.digit[0], quotient);
  sum[1] = _mm512_add_epi64(sum[1], _mm512_srli_epi64(lowest, kDigitBits));
  for (size_t j = 1; j < kDigits; j++) sum[j] = _mm512_madd52lo_epu64(sum[j], m.digit[j], quotient);
  for (size_t j = 0; j < kDigits; j++) sum[j + 1] = _mm512_madd52hi_epu64(sum[j + 1], m.digit[j], quotient);
}

// The same for p = 2^256 - 2^224 + 2^192 + 2^96 - 1, in fewer steps: that saves a tenth of a signature. The lowest digit of p
// is 2^52 - 1, so the quotient is the lowest digit of the sum itself, and what is carried is more by it. The third is 0.
struct ModuloP {};
INLINE_LANES void ClearLowest(Vector (&sum)[kDigits + 1], ModuloP) {
  const Vector p1 = _mm512_set1_epi64((1ll << 44) - 1);
  const Vector p3 = _mm512_set1_epi64(1ll << 36);
  const Vector p4 = _mm512_set1_epi64((1ll << 48) - (1ll << 16));
  const Vector quotient = _mm512_and_si512(sum[0], _mm512_set1_epi64(kDigitMask));
  sum[1] = _mm512_add_epi64(sum[1], _mm512_add_epi64(quotient, _mm512_srli_epi64(sum[0], kDigitBits)));
  sum[1] = _mm512_madd52lo_epu64(sum[1], p1, quotient);
  sum[2] = _mm512_madd52hi_epu64(sum[2], p1, quotient);
  sum[3] = _mm512_madd52lo_epu64(sum[3], p3, quotient);
  sum[4] = _mm512_madd52hi_epu64(_mm512_madd52lo_epu64(sum[4], p4, quotient), p3, quotient);
  sum[5] = _mm512_madd52hi_epu64(sum[5], p4, quotient);
}

// a * b / R, below twice the modulus: R is 16 times the modulus, so for a and b below twice the modulus it is 4 / 16 of it and
// the modulus at most. One of them may also be any number below R if the other is below the modulus.
template <typename Modulo>
INLINE_LANES Element Multiply(const Element& a, const Element& b, const Modulo& modulus) {
  Vector sum[kDigits + 1];
  for (auto& digit : sum) digit = _mm512_setzero_si512();
#pragma GCC unroll 5
  for (size_t i = 0; i < kDigits; i++) {
    const Vector factor = b.digit[i];
    for (size_t j = 0; j < kDigits; j++) sum[j] = _mm512_madd52lo_epu64(sum[j], a.digit[j], factor);
    ClearLowest(sum, modulus);
    // Divided by 2^52: each digit is now the next lower one.
    for (size_t j = 0; j < kDigits; j++) sum[j] = _mm512_madd52hi_epu64(sum[j + 1], a.digit[j], factor);
    sum[kDigits] = _mm512_setzero_si512();
  }
  Element product;
  Vector carry = _mm512_setzero_si512();
  for (size_t i = 0; i < kDigits; i++) {
    product.digit[i] = _mm512_add_epi64(sum[i], carry);
    carry = CarryOut(product.digit[i]);
  }
  return product;
}

INLINE_LANES Element MultiplyP(const Element& a, const Element& b) { return Multiply(a, b, ModuloP{}); }

// Below the modulus, for a number below twice it.
INLINE_LANES Element Reduced(const Element& element, const Modulus& modulus) {
  Element difference;
  const Element m = Everywhere(modulus.value);
  for (size_t i = 0; i < kDigits; i++) difference.digit[i] = _mm512_sub_epi64(element.digit[i], m.digit[i]);
  return Settled(difference, modulus.value);
}

// element / R, below the modulus.
LANES Element LeftMontgomery(const Element& element, const Modulus& modulus) {
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

// a becomes R^2 / a mod p, and b R^2 / b mod n: the inverses, by Fermat's little theorem. The exponents are public. Each
// multiplication waits for the one before it, so that two at once take hardly longer than one.
LANES void Invert(Element& a, Element& b, const P256Curve& curve) {
  const Modulus& p = curve.p;
  const Modulus& n = curve.n;
  Element powersOfA[16], powersOfB[16];
  powersOfA[0] = Everywhere(p.r1);
  powersOfB[0] = Everywhere(n.r1);
  for (size_t i = 1; i < 16; i++) {
    powersOfA[i] = MultiplyP(powersOfA[i - 1], a);
    powersOfB[i] = Multiply(powersOfB[i - 1], b, n);
  }
  a = powersOfA[0];
  b = powersOfB[0];
  for (size_t i = 0; i < sizeof p.inverter; i++) {
    for (int j = 0; j < 4; j++) {
      a = MultiplyP(a, a);
      b = Multiply(b, b, n);
    }
    a = MultiplyP(a, powersOfA[p.inverter[i]]);
    b = Multiply(b, powersOfB[n.inverter[i]], n);
  }
}

// P + (x, y), for any P: the complete formulas of Renes, Costello and Batina (Complete addition formulas for prime order
// elliptic curves, algorithm 5), so that no case is an exception that a branch would have to find.
INLINE_LANES Point PlusAffine(const Point& point, const Element& x2, const Element& y2, const Element& b, const Modulus& p) {
  Element t0 = MultiplyP(point.x, x2);
  Element t1 = MultiplyP(point.y, y2);
  Element t3 = MultiplyP(Add(x2, y2, p), Add(point.x, point.y, p));
  t3 = Subtract(t3, Add(t0, t1, p), p);
  const Element t4 = Add(MultiplyP(y2, point.z), point.y, p);
  Element y3 = Add(MultiplyP(x2, point.z), point.x, p);
  Element x3 = Subtract(y3, MultiplyP(b, point.z), p);
  x3 = Add(x3, Add(x3, x3, p), p);
  Element z3 = Subtract(t1, x3, p);
  x3 = Add(t1, x3, p);
  const Element t2 = Add(Add(point.z, point.z, p), point.z, p);
  y3 = Subtract(Subtract(MultiplyP(b, y3), t2, p), t0, p);
  y3 = Add(Add(y3, y3, p), y3, p);
  t0 = Subtract(Add(Add(t0, t0, p), t0, p), t2, p);
  t1 = MultiplyP(t4, y3);
  const Element t5 = MultiplyP(t0, y3);
  y3 = Add(MultiplyP(x3, z3), t5, p);
  x3 = Subtract(MultiplyP(t3, x3), t1, p);
  z3 = Add(MultiplyP(t4, z3), MultiplyP(t3, t0), p);
  return {x3, y3, z3};
}

// Whether the points are on the curve: y^2 z = x^3 - 3 x z^2 + b z^3.
LANES bool AreOnCurve(const Point& point, const P256Curve& curve) {
  const Modulus& p = curve.p;
  const auto& [x, y, z] = point;
  const Element zz = MultiplyP(z, z);
  const Element bz = MultiplyP(Everywhere(curve.b), z);
  const Element xx = MultiplyP(x, x);
  // x (x^2 - 3 z^2) + z^2 (b z)
  const Element factor = Subtract(xx, Add(Add(zz, zz, p), zz, p), p);
  const Element right = Add(MultiplyP(x, factor), MultiplyP(zz, bz), p);
  const Element left = MultiplyP(MultiplyP(y, y), z);
  return Different(Reduced(left, p), Reduced(right, p)) == 0;
}

// The i-th group of five bits of a number below 2^260.
INLINE_LANES Vector Window(const Element& number, size_t i) {
  const size_t at = i * P256Curve::kWindowBits / kDigitBits;
  const unsigned shift = i * P256Curve::kWindowBits % kDigitBits;
  Vector bits = _mm512_srl_epi64(number.digit[at], _mm_cvtsi32_si128(static_cast<int>(shift)));
  if (shift > kDigitBits - P256Curve::kWindowBits)
    bits = _mm512_or_si512(
        bits, _mm512_sll_epi64(number.digit[at + 1], _mm_cvtsi32_si128(static_cast<int>(kDigitBits - shift))));
  return _mm512_and_si512(bits, _mm512_set1_epi64((1 << P256Curve::kWindowBits) - 1));
}

// The generator times numbers below 2^256, five bits at a time as a digit from -15 to 16. What is added is picked out of
// all multiples by masks; for the digit 0 the sum is computed and not taken.
LANES Point GeneratorTimes(const Element& number, const P256Curve& curve) {
  const Modulus& p = curve.p;
  const Element b = Everywhere(curve.b);
  Point sum = {Zero(), Everywhere(p.r1), Zero()};
  Vector carry = _mm512_setzero_si512();
  for (size_t w = 0; w < P256Curve::kWindows; w++) {
    const Vector bits = _mm512_add_epi64(Window(number, w), carry);
    const __mmask8 negative = _mm512_cmpgt_epi64_mask(bits, _mm512_set1_epi64(P256Curve::kMultiples));
    const Vector size = _mm512_mask_sub_epi64(bits, negative, _mm512_set1_epi64(2 * P256Curve::kMultiples), bits);
    carry = _mm512_maskz_set1_epi64(negative, 1);
    Element x = Zero();
    Element y = Zero();
    for (size_t m = 0; m < P256Curve::kMultiples; m++) {
      const __mmask8 here = _mm512_cmpeq_epi64_mask(size, _mm512_set1_epi64(static_cast<long long>(m + 1)));
      x = Chosen(here, x, Everywhere(curve.multiples[w][m].x));
      y = Chosen(here, y, Everywhere(curve.multiples[w][m].y));
    }
    y = Chosen(negative, y, Subtract(Zero(), y, p));
    const Point next = PlusAffine(sum, x, y, b, p);
    const __mmask8 added = _mm512_test_epi64_mask(size, size);
    sum = {Chosen(added, sum.x, next.x), Chosen(added, sum.y, next.y), Chosen(added, sum.z, next.z)};
  }
  return sum;
}

// Big-endian octets into an element, from digit `first` on.
template <size_t count>
LANES Element Read(const uint8_t (&numbers)[kLanes][count], size_t first = 0) {
  Lanes<kDigits> lanes;
  for (size_t lane = 0; lane < kLanes; lane++) ToLane(lanes, lane, numbers[lane], count, first);
  return Loaded(lanes);
}

LANES void Write(const Element& element, P256Lanes::Number (&numbers)[kLanes]) {
  Lanes<kDigits> lanes;
  Stored(lanes, element);
  for (size_t lane = 0; lane < kLanes; lane++) FromLane(lanes, lane, numbers[lane], P256Lanes::kOctets);
}

}  // namespace

P256Lanes::P256Lanes(const P256Curve& curve, const Number& privateKey) : curve_(curve) { Take(privateKey); }

LANES void P256Lanes::Take(const Number& privateKey) {
  for (size_t lane = 0; lane < kLanes; lane++) ToLane(privateKey_, lane, privateKey, kOctets);
  Stored(privateKey_, Multiply(Loaded(privateKey_), Everywhere(curve_.n.r2), curve_.n));
}

// Names as in FIPS 186-5 6.4.1; ending in R where they are times R.
LANES bool P256Lanes::Sign(const Number (&digests)[kSignatures], const Nonce (&nonces)[kSignatures],
                           Number (&r)[kSignatures], Number (&s)[kSignatures]) const {
  const auto& [p, n, b, multiples] = curve_;
  const Element r2 = Everywhere(n.r2);
  const Element kR = Add(Multiply(Read(nonces), r2, n), Multiply(Read(nonces, kDigits), Everywhere(n.r3), n), n);
  const Point point = GeneratorTimes(LeftMontgomery(kR, n), curve_);
  Element zInverseR = point.z;
  Element kInverseR = kR;
  Invert(zInverseR, kInverseR, curve_);
  const Element rest = Reduced(LeftMontgomery(MultiplyP(point.x, zInverseR), p), n);
  const Element sumR =
      Add(Multiply(Read(digests), r2, n), Multiply(Multiply(rest, r2, n), Loaded(privateKey_), n), n);
  const Element sR = Multiply(kInverseR, sumR, n);
  const Element result = LeftMontgomery(sR, n);

  const __mmask8 wrong = Different(Reduced(MultiplyP(point.z, zInverseR), p), Everywhere(p.r1)) |
                         Different(Reduced(Multiply(sR, kR, n), n), Reduced(sumR, n));
  const __mmask8 notZero = Different(rest, Zero()) & Different(result, Zero());
  if (!AreOnCurve(point, curve_) || wrong != 0 || notZero != 0xff) return false;
  Write(rest, r);
  Write(result, s);
  return true;
}

}  // namespace sekisho

#else

namespace sekisho {

P256Lanes::P256Lanes(const P256Curve& curve, const Number&) : curve_(curve) {}
void P256Lanes::Take(const Number&) {}
bool P256Lanes::Sign(const Number (&)[kSignatures], const Nonce (&)[kSignatures], Number (&)[kSignatures],
                     Number (&)[kSignatures]) const {
  return false;
}

}  // namespace sekisho

#endif
