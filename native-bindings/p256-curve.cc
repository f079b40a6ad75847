// What P256Lanes needs of the curve, computed once a process by OpenSSL: nothing in it is secret.
#include "openssl.h"
#include "p256-lanes.h"

#include <cstring>
#include <memory>

namespace sekisho {
namespace {

constexpr int kRBits = P256Curve::kDigits * kDigitBits;

class Builder {
 public:
  // Null if OpenSSL fails.
  static std::unique_ptr<P256Curve> Build() {
    auto curve = std::make_unique<P256Curve>();
    Builder builder;
    return builder.Fill(*curve) ? std::move(curve) : nullptr;
  }

 private:
  bool Fill(P256Curve& curve) {
    const bool ready = context_ != nullptr && group_ != nullptr && p_ != nullptr && b_ != nullptr && x_ != nullptr &&
                       y_ != nullptr && rest_ != nullptr;
    return ready && ssl_.EC_GROUP_get_curve(group_.get(), p_.get(), nullptr, b_.get(), context_.get()) == 1 &&
           Fill(curve.p, p_.get()) && Fill(curve.n, ssl_.EC_GROUP_get0_order(group_.get())) &&
           TimesR(curve.b, b_.get()) && FillMultiples(curve);
  }

  bool Fill(P256Curve::Modulus& modulus, const BIGNUM* value) {
    const bool filled = Digits(modulus.value, value) && ssl_.BN_lshift(rest_.get(), value, 1) == 1 &&
                        Digits(modulus.twice, rest_.get()) && PowerOfR(modulus.r1, 1, value) &&
                        PowerOfR(modulus.r2, 2, value) && PowerOfR(modulus.r3, 3, value);
    if (!filled) return false;
    for (size_t i = 0; i < P256Curve::kDigits; i++) modulus.times64[i] = modulus.value[i] * 64;
    modulus.negativeInverse = NegativeInverse(modulus.value[0]);
    auto& [digits, inverse] = modulus.divisor;
    constexpr int64_t kMask = (1ll << OddModulus::kDigitBits) - 1;
    for (size_t i = 0; i < OddModulus::kDigits; i++) {
      const size_t at = i * OddModulus::kDigitBits / kDigitBits;
      const unsigned shift = i * OddModulus::kDigitBits % kDigitBits;
      uint64_t bits = modulus.value[at] >> shift;
      if (at + 1 < P256Curve::kDigits) bits |= modulus.value[at + 1] << (kDigitBits - shift);
      digits[i] = static_cast<int64_t>(bits) & kMask;
    }
    inverse = -static_cast<int64_t>(modulus.negativeInverse) & kMask;
    return true;
  }

  bool FillMultiples(P256Curve& curve) {
    const EC_POINT* generator = ssl_.EC_GROUP_get0_generator(group_.get());
    const PointPointer base = NewPoint(), multiple = NewPoint();
    if (base == nullptr || multiple == nullptr || ssl_.EC_POINT_copy(base.get(), generator) != 1) return false;
    for (auto& window : curve.multiples) {
      if (ssl_.EC_POINT_copy(multiple.get(), base.get()) != 1) return false;
      for (size_t m = 0; m < P256Curve::kMultiples; m++) {
        if (m > 0 && ssl_.EC_POINT_add(group_.get(), multiple.get(), multiple.get(), base.get(), context_.get()) != 1) return false;
        const bool written =
            ssl_.EC_POINT_get_affine_coordinates(group_.get(), multiple.get(), x_.get(), y_.get(), context_.get()) == 1 &&
            TimesR(window[m].x, x_.get()) && TimesR(window[m].y, y_.get());
        if (!written) return false;
      }
      // 64 times the base.
      if (ssl_.EC_POINT_dbl(group_.get(), base.get(), multiple.get(), context_.get()) != 1) return false;
    }
    return true;
  }

  bool TimesR(P256Curve::Number& number, const BIGNUM* value) {
    return ssl_.BN_lshift(rest_.get(), value, kRBits) == 1 && Rest(number, p_.get());
  }

  bool PowerOfR(P256Curve::Number& number, int power, const BIGNUM* modulus) {
    return ssl_.BN_set_word(rest_.get(), 1) == 1 && ssl_.BN_lshift(rest_.get(), rest_.get(), power * kRBits) == 1 &&
           Rest(number, modulus);
  }

  // rest_ mod `modulus`
  bool Rest(P256Curve::Number& number, const BIGNUM* modulus) {
    return ssl_.BN_div(nullptr, rest_.get(), rest_.get(), modulus, context_.get()) == 1 && Digits(number, rest_.get());
  }

  bool Digits(P256Curve::Number& number, const BIGNUM* value) {
    uint8_t octets[kRBits / 8 + 1];
    if (ssl_.BN_bn2binpad(value, octets, sizeof octets) != sizeof octets) return false;
    Lanes<P256Curve::kDigits> lanes;
    ToLane(lanes, 0, octets, sizeof octets);
    for (size_t i = 0; i < P256Curve::kDigits; i++) number[i] = lanes.digit[i][0];
    return true;
  }

  PointPointer NewPoint() { return PointPointer(ssl_.EC_POINT_new(group_.get())); }

  const Functions& ssl_ = Openssl();
  const ContextPointer context_{ssl_.BN_CTX_new()};
  const GroupPointer group_{ssl_.EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1)};
  const NumberPointer p_ = NewNumber(), b_ = NewNumber(), x_ = NewNumber(), y_ = NewNumber(), rest_ = NewNumber();
};

}  // namespace

const P256Curve* TheP256Curve() {
  // Never freed: a worker may sign while the process ends.
  static const P256Curve* const curve = Builder::Build().release();
  return curve;
}

}  // namespace sekisho
