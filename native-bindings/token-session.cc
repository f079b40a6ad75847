#include "token-session.h"

#include <cstring>

namespace sekisho {

std::unique_ptr<TokenSession> TokenSession::Open(CK_FUNCTION_LIST_PTR functions, CK_SLOT_ID slot, Fault* fault) {
  CK_SESSION_HANDLE session = 0;
  if (const CK_RV value = functions->C_OpenSession(slot, CKF_SERIAL_SESSION, nullptr, nullptr, &session)) {
    *fault = {"C_OpenSession", value};
    return nullptr;
  }
  return std::unique_ptr<TokenSession>(new TokenSession(functions, slot, session));
}

TokenSession::~TokenSession() { functions_->C_CloseSession(session_); }

Fault TokenSession::Sign(const TokenKey& key, const uint8_t* digest, uint8_t* signature) {
  CK_OBJECT_HANDLE handle = 0;
  if (const Fault fault = Find(key.identifier, &handle)) return fault;
  CK_MECHANISM mechanism = {key.mechanism, nullptr, 0};
  if (const CK_RV value = functions_->C_SignInit(session_, &mechanism, handle)) return {"C_SignInit", value};
  input_.assign(key.prefix.begin(), key.prefix.end());
  input_.insert(input_.end(), digest, digest + key.digestOctets);
  CK_ULONG size = static_cast<CK_ULONG>(key.signatureOctets);
  if (const CK_RV value =
          functions_->C_Sign(session_, input_.data(), static_cast<CK_ULONG>(input_.size()), signature, &size))
    return {"C_Sign", value};
  if (size != key.signatureOctets) return {"C_Sign", CKR_SIGNATURE_LEN_RANGE};
  return {};
}

Fault TokenSession::Find(const Octets& identifier, CK_OBJECT_HANDLE* key) {
  const auto known = keys_.find(identifier);
  if (known != keys_.end()) {
    *key = known->second;
    return {};
  }
  CK_OBJECT_CLASS objectClass = CKO_PRIVATE_KEY;
  Octets id = identifier;
  CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &objectClass, sizeof objectClass},
                           {CKA_ID, id.data(), static_cast<CK_ULONG>(id.size())}};
  CK_OBJECT_HANDLE found[2];
  CK_ULONG count = 0;
  if (const CK_RV value = functions_->C_FindObjectsInit(session_, wanted, 2)) return {"C_FindObjectsInit", value};
  if (const CK_RV value = functions_->C_FindObjects(session_, found, 2, &count)) return {"C_FindObjects", value};
  if (const CK_RV value = functions_->C_FindObjectsFinal(session_)) return {"C_FindObjectsFinal", value};
  // None, as after a logout, or several: JavaScript looks for it again, with its attributes, and says what is wrong.
  if (count != 1) return {"C_FindObjects", CKR_KEY_HANDLE_INVALID};
  *key = keys_[identifier] = found[0];
  return {};
}

}  // namespace sekisho
