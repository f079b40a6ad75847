// RSA-2048 private-key operations, four at a time, in the eight lanes of AVX-512 registers: each operation is two
// exponentiations of 1024 bits (RFC 8017 5.1.2, step 2 b), and all eight take the steps of one. No branch, no address and
// no count depends on a secret.
#pragma once

#include "lanes.h"

namespace sekisho {

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

  // On a processor that HasLanes().
  explicit RsaLanes(const Key& key);

  // Further operations raise messages times masks[i] to the private exponent, and divide by its image: unmasks[i] is
  // masks[i] ^ -d mod n. What is multiplied is then not known to who chose the messages.
  void Mask(const Number (&masks)[kOperations], const Number (&unmasks)[kOperations]);

  // results[i] = messages[i] ^ d mod n; messages below n, big-endian. False if one of them, raised to 65537, is not its
  // message again: a fault in processor or memory, whose result would give the key away. Then none may be used.
  bool PrivateOperation(const Number (&messages)[kOperations], Number (&results)[kOperations]);

 private:
  static constexpr size_t kDigits = 20;
  static constexpr unsigned kWindowBits = 4;
  static constexpr size_t kTable = 1 << kWindowBits;

  // Eight numbers below 2^1040.
  using Half = Lanes<kDigits>;
  // Eight numbers below 2^2080.
  struct Whole {
    Half low;
    Half high;
  };

  static Half Pair(const Prime& ofP, const Prime& ofQ);
  static void Spread(Whole& number, const Number (&values)[kOperations]);

  void Multiply(Half& product, const Half& a, const Half& b) const;
  void Reduce(Half& residue, const Whole& number) const;
  void SubtractModulus(Half& number) const;
  void LeaveMontgomery(Half& number) const;
  void RaiseToPrivate(Half& number);
  void RaiseToPublic(Half& number) const;
  void Recombine(Whole& number, const Half& residue) const;
  bool AreSignatures(const Whole& signatures, const Number (&messages)[kOperations]) const;

  // Lanes 0 to 3 belong to p, 4 to 7 to q. R is 2^1040.
  Half modulus_;
  Half otherModulus_;
  Half exponent_;
  Half qInv_;
  Half one_;
  Half r1_;
  Half r2_;
  Half r3_;
  Half mask_;
  Half unmask_;
  alignas(64) uint64_t negativeInverse_[kLanes];
  Half powers_[kTable];
};

}  // namespace sekisho
