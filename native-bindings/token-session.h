// A session with a PKCS#11 token (PKCS#11 2.40), for one thread. The module is initialised and logged in to by JavaScript:
// both belong to the process.
#pragma once

#include <pkcs11.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

namespace sekisho {

using Octets = std::vector<uint8_t>;

// What a Cryptoki function returned instead of CKR_OK; `function` is nullptr if nothing failed.
struct Fault {
  const char* function = nullptr;
  CK_RV value = CKR_OK;
  explicit operator bool() const { return function != nullptr; }
};

// A private key and how it signs a digest.
struct TokenKey {
  CK_SLOT_ID slot;
  Octets identifier;  // CKA_ID
  CK_MECHANISM_TYPE mechanism;
  Octets prefix;  // what the mechanism is given before the digest: the rest of a DigestInfo, or nothing
  size_t digestOctets;
  size_t signatureOctets;
};

class TokenSession {
 public:
  // Opens a session with the token in a slot; nullptr with the fault.
  static std::unique_ptr<TokenSession> Open(CK_FUNCTION_LIST_PTR functions, CK_SLOT_ID slot, Fault* fault);
  ~TokenSession();
  TokenSession(const TokenSession&) = delete;
  TokenSession& operator=(const TokenSession&) = delete;

  CK_SLOT_ID slot() const { return slot_; }
  // Signs one digest into the key's `signatureOctets` octets. After a fault the session must be given up.
  Fault Sign(const TokenKey& key, const uint8_t* digest, uint8_t* signature);

 private:
  TokenSession(CK_FUNCTION_LIST_PTR functions, CK_SLOT_ID slot, CK_SESSION_HANDLE session)
      : functions_(functions), slot_(slot), session_(session) {}
  Fault Find(const Octets& identifier, CK_OBJECT_HANDLE* key);

  CK_FUNCTION_LIST_PTR const functions_;
  const CK_SLOT_ID slot_;
  const CK_SESSION_HANDLE session_;
  std::map<Octets, CK_OBJECT_HANDLE> keys_;  // by identifier: handles do not outlive the session
  Octets input_;
};

}  // namespace sekisho
