// ECDSA with P-256 (FIPS 186-5 6.4), eight signatures at a time in the lanes of AVX-512 registers. No branch, no address and
// no count depends on a secret.
#pragma once

#include <memory>

#include "lanes.h"

namespace sekisho {

// What is public of the curve, each number in digits of 52 bits; R is 2^260. See p256-curve.cc.
struct P256Curve {
  static constexpr size_t kDigits = 5;
  static constexpr unsigned kWindowBits = 6;
  static constexpr size_t kWindows = 43;
  static constexpr size_t kMultiples = 32;
  using Number = uint64_t[kDigits];

  // p, or the order n.
  struct Modulus {
    Number value;
    Number twice;
    // Digit by digit, carries not passed on.
    Number times64;
    // -1 / value mod 2^52.
    uint64_t negativeInverse;
    // R, R^2 and R^3 mod value.
    Number r1, r2, r3;
    OddModulus divisor;
  };
  struct Point {
    Number x, y;
  };

  Modulus p, n;
  // The coefficient b, times R mod p.
  Number b;
  // [w][m - 1] is m * 64^w times the generator, its coordinates times R mod p.
  Point multiples[kWindows][kMultiples];
};

// Computed by OpenSSL when it is first asked for; null if that fails.
const P256Curve* TheP256Curve();

class P256Lanes {
 public:
  static constexpr size_t kSignatures = kLanes;
  static constexpr size_t kOctets = 32;
  // A random number twice as long as the order is one modulo it without a bias (FIPS 186-5 A.3.1).
  static constexpr size_t kNonceOctets = 64;
  using Number = uint8_t[kOctets];
  using Nonce = uint8_t[kNonceOctets];

  // For a kind that this processor has; null for kNone. `privateKey` is big-endian.
  static std::unique_ptr<P256Lanes> New(LaneKind kind, const P256Curve& curve, const Number& privateKey);

  virtual ~P256Lanes() = default;

  // r[i] and s[i] of the signature of digests[i] made with nonces[i], all big-endian. A nonce must be random and secret, and
  // never be used for another digest. False if a computation fails its check; then none may be used.
  virtual bool Sign(const Number (&digests)[kSignatures], const Nonce (&nonces)[kSignatures], Number (&r)[kSignatures],
                    Number (&s)[kSignatures]) const = 0;
};

}  // namespace sekisho
