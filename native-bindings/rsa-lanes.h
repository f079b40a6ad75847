// RSA-2048 private-key operations, four at a time, in the eight lanes of AVX-512 registers: each operation is two
// exponentiations of 1024 bits (RFC 8017 5.1.2, step 2 b), and all eight take the steps of one. No branch, no address and
// no count depends on a secret.
#pragma once

#include <cstddef>
#include <cstdint>

namespace sekisho {

constexpr size_t kLanes = 8;
// 1024 bits in digits of 52, which is what the processor multiplies (VPMADD52LUQ, VPMADD52HUQ).
constexpr size_t kDigits = 20;

// Eight numbers: their i-th digits stand side by side, the lowest first. Always below 2^1040.
struct alignas(64) Lanes {
  uint64_t digit[kDigits][kLanes];
};

// Eight numbers below 2^2080.
struct WideLanes {
  Lanes low;
  Lanes high;
};

class RsaLanes {
 public:
  // Signatures at a time: as many lanes work modulo p as modulo q.
  static constexpr size_t kOperations = kLanes / 2;
  static constexpr size_t kPrimeOctets = 128;
  static constexpr size_t kOctets = 256;
  using Prime = uint8_t[kPrimeOctets];
  using Number = uint8_t[kOctets];

  // Big-endian, as RFC 8017 3.2 names them; p and q of exactly 1024 bits.
  struct Key {
    Prime p, q, dP, dQ, qInv;
  };

  // Whether this processor has what it takes.
  static bool Available();

  explicit RsaLanes(const Key& key);

  // Further operations raise messages times masks[i] to the private exponent, and divide by its image: unmasks[i] is
  // masks[i] ^ -d mod n. What is multiplied is then not known to who chose the messages.
  void Mask(const Number (&masks)[kOperations], const Number (&unmasks)[kOperations]);

  // results[i] = messages[i] ^ d mod n; messages below n, big-endian. False if one of them, raised to 65537, is not its
  // message again: a fault in processor or memory, whose result would give the key away. Then none may be used.
  bool PrivateOperation(const Number (&messages)[kOperations], Number (&results)[kOperations]);

 private:
  static constexpr unsigned kWindowBits = 4;
  static constexpr size_t kTable = 1 << kWindowBits;

  void Multiply(Lanes& product, const Lanes& a, const Lanes& b) const;
  void Reduce(Lanes& residue, const WideLanes& number) const;
  void SubtractModulus(Lanes& number) const;
  void LeaveMontgomery(Lanes& number) const;
  void RaiseToPrivate(Lanes& number);
  void RaiseToPublic(Lanes& number) const;
  void Recombine(WideLanes& number, const Lanes& residue) const;
  bool IsSignature(const WideLanes& signature, const Lanes& message) const;

  // Lanes 0 to 3 belong to p, 4 to 7 to q. R is 2^1040.
  Lanes modulus_;
  Lanes otherModulus_;
  Lanes exponent_;
  Lanes qInv_;
  Lanes one_;
  Lanes r1_;
  Lanes r2_;
  Lanes r3_;
  Lanes mask_;
  Lanes unmask_;
  alignas(64) uint64_t negativeInverse_[kLanes];
  Lanes powers_[kTable];
};

}  // namespace sekisho
