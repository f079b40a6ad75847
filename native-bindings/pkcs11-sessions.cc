// Sessions with a key in a PKCS#11 token (PKCS#11 2.40). The module is initialised and logged in to by JavaScript:
// both belong to the process.
#include <dlfcn.h>
#include <pkcs11.h>

#include <cstring>

#include "addon.h"
#include "batch-signer.h"

namespace sekisho {
namespace {

constexpr int64_t kMostSignature = 4096;

struct Key {
  CK_FUNCTION_LIST_PTR functions = nullptr;
  CK_SLOT_ID slot = 0;
  CK_MECHANISM_TYPE mechanism = 0;
  size_t signatureOctets = 0;
  Octets identifier;
};

// "C_Sign 48": the caller knows the names of the values.
std::string Fault(const char* function, CK_RV value) { return std::string(function) + " " + std::to_string(value); }

class Pkcs11Session : public SigningSession {
 public:
  Pkcs11Session(std::shared_ptr<const Key> key, CK_SESSION_HANDLE session)
      : key_(std::move(key)), session_(session) {}

  ~Pkcs11Session() override { key_->functions->C_CloseSession(session_); }

  std::string FindKey() {
    CK_OBJECT_CLASS objectClass = CKO_PRIVATE_KEY;
    Octets identifier = key_->identifier;
    CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &objectClass, sizeof objectClass},
                             {CKA_ID, identifier.data(), static_cast<CK_ULONG>(identifier.size())}};
    CK_OBJECT_HANDLE found[2];
    CK_ULONG count = 0;
    if (const CK_RV value = key_->functions->C_FindObjectsInit(session_, wanted, 2)) return Fault("C_FindObjectsInit", value);
    if (const CK_RV value = key_->functions->C_FindObjects(session_, found, 2, &count)) return Fault("C_FindObjects", value);
    if (const CK_RV value = key_->functions->C_FindObjectsFinal(session_)) return Fault("C_FindObjectsFinal", value);
    // One key, or none that may be used: JavaScript has looked at its attributes and says which.
    if (count != 1) return Fault("C_FindObjects", CKR_KEY_HANDLE_INVALID);
    handle_ = found[0];
    return "";
  }

  std::string Sign(const uint8_t* input, size_t length, Octets* signature) override {
    CK_MECHANISM mechanism = {key_->mechanism, nullptr, 0};
    if (const CK_RV value = key_->functions->C_SignInit(session_, &mechanism, handle_)) return Fault("C_SignInit", value);
    signature->resize(key_->signatureOctets);
    CK_ULONG size = static_cast<CK_ULONG>(signature->size());
    auto* data = const_cast<uint8_t*>(input);  // Cryptoki does not know const
    if (const CK_RV value = key_->functions->C_Sign(session_, data, static_cast<CK_ULONG>(length), signature->data(), &size))
      return Fault("C_Sign", value);
    return size == key_->signatureOctets ? "" : Fault("C_Sign", CKR_DEVICE_ERROR);
  }

 private:
  const std::shared_ptr<const Key> key_;
  const CK_SESSION_HANDLE session_;
  CK_OBJECT_HANDLE handle_ = 0;
};

std::unique_ptr<SigningSession> Open(const std::shared_ptr<const Key>& key, std::string* fault) {
  CK_SESSION_HANDLE handle = 0;
  if (const CK_RV value = key->functions->C_OpenSession(key->slot, CKF_SERIAL_SESSION, nullptr, nullptr, &handle)) {
    *fault = Fault("C_OpenSession", value);
    return nullptr;
  }
  auto session = std::make_unique<Pkcs11Session>(key, handle);
  *fault = session->FindKey();
  return fault->empty() ? std::move(session) : nullptr;
}

// The function list of a module; nullptr with an exception. It stays loaded: its threads may never end.
CK_FUNCTION_LIST_PTR Functions(Napi::Env env, const std::string& path) {
  void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  const auto get = module == nullptr ? nullptr : reinterpret_cast<CK_C_GetFunctionList>(dlsym(module, "C_GetFunctionList"));
  CK_FUNCTION_LIST_PTR functions = nullptr;
  if (get == nullptr || get(&functions) != CKR_OK || functions == nullptr)
    Napi::Error::New(env, path + " is no PKCS#11 module").ThrowAsJavaScriptException();
  return functions;
}

}  // namespace

OpenSession Pkcs11Sessions(Napi::Object source) {
  Napi::Env env = source.Env();
  auto key = std::make_shared<Key>();
  Octets slot;
  if (!ReadOctets(source, "slot", sizeof key->slot, &slot) || !ReadOctets(source, "keyIdentifier", 64, &key->identifier))
    return nullptr;
  const int64_t mechanism = IntegerArgument(env, source.Get("mechanism"), 0, UINT32_MAX, "mechanism");
  if (mechanism == -1) return nullptr;
  const int64_t octets = IntegerArgument(env, source.Get("signatureOctets"), 1, kMostSignature, "signatureOctets");
  if (octets == -1) return nullptr;
  if (slot.size() != sizeof key->slot || !source.Get("module").IsString()) {
    Napi::TypeError::New(env, "expected a CK_SLOT_ID and the path of a module").ThrowAsJavaScriptException();
    return nullptr;
  }
  memcpy(&key->slot, slot.data(), sizeof key->slot);
  key->mechanism = static_cast<CK_MECHANISM_TYPE>(mechanism);
  key->signatureOctets = static_cast<size_t>(octets);
  key->functions = Functions(env, source.Get("module").As<Napi::String>().Utf8Value());
  if (key->functions == nullptr) return nullptr;
  return [key](std::string* fault) { return Open(key, fault); };
}

}  // namespace sekisho
