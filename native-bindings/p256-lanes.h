// ECDSA with P-256 (FIPS 186-5 6.4), eight signatures at a time in the lanes of AVX-512 registers. No branch, no address and
// no count depends on a secret.
#pragma once

#include "lanes.h"

namespace sekisho {

// What is public of the curve, each number in digits of 52 bits; R is 2^260. See p256-curve.cc.
struct P256Curve {
  static constexpr size_t kDigits = 5;
  static constexpr unsigned kWindowBits = 5;
  static constexpr size_t kWindows = 52;
  static constexpr size_t kMultiples = 16;
  using Number = uint64_t[kDigits];

  // Modulo p, or the order n.
  struct Modulus {
    Number value;
    Number twice;
    // -1 / value mod 2^52.
    uint64_t negativeInverse;
    // R, R^2 and R^3 mod value.
    Number r1, r2, r3;
    // value - 2, by which a power is the inverse, four bits at a time, the highest first.
    uint8_t inverter[64];
  };
  struct Point {
    Number x, y;
  };

  Modulus p, n;
  // The coefficient b, times R mod p.
  Number b;
  // [w][m - 1] is m * 32^w times the generator, its coordinates times R mod p.
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

  // On a processor that HasLanes(). `privateKey` is big-endian.
  P256Lanes(const P256Curve& curve, const Number& privateKey);

  // r[i] and s[i] of the signature of digests[i] made with nonces[i], all big-endian. A nonce must be random and secret, and
  // never be used for another digest. False if a computation fails its check; then none may be used.
  bool Sign(const Number (&digests)[kSignatures], const Nonce (&nonces)[kSignatures], Number (&r)[kSignatures],
            Number (&s)[kSignatures]) const;

 private:
  using Numbers = Lanes<P256Curve::kDigits>;

  void Take(const Number& privateKey);

  const P256Curve& curve_;
  // Times R modulo the order.
  Numbers privateKey_;
};

}  // namespace sekisho
