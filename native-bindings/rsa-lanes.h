// RSA-2048 private-key operations, four at a time, in the eight lanes of AVX-512 registers: each operation is two
// exponentiations of 1024 bits (RFC 8017 5.1.2, step 2 b), and all eight take the steps of one. No branch, no address and
// no count depends on a secret.
#pragma once

#include <memory>

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

  // For a kind that this processor has; null for kNone.
  static std::unique_ptr<RsaLanes> New(LaneKind kind, const Key& key);

  virtual ~RsaLanes() = default;

  // Further operations raise messages times masks[i] to the private exponent, and divide by its image: unmasks[i] is
  // masks[i] ^ -d mod n. What is multiplied is then not known to who chose the messages.
  virtual void Mask(const Number (&masks)[kOperations], const Number (&unmasks)[kOperations]) = 0;

  // results[i] = messages[i] ^ d mod n; messages below n, big-endian. False if one of them, raised to 65537, is not its
  // message again: a fault in processor or memory, whose result would give the key away. Then none may be used.
  virtual bool PrivateOperation(const Number (&messages)[kOperations], Number (&results)[kOperations]) = 0;
};

}  // namespace sekisho
