// ECDSA with a software key, a batch a call in the calling thread, by the OpenSSL that Node exports.
#include "addon.h"
#include "openssl.h"

namespace sekisho {
namespace {

constexpr int64_t kMostDigest = 64;
constexpr size_t kMostDigests = 65536;

// JavaScript: new EcKey(privateKey); sign(digests, digestOctets, signatures, lengths); signatureOctets.
class EcKey : public Napi::ObjectWrap<EcKey> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "EcKey",
                       {InstanceMethod("sign", &EcKey::Sign), InstanceAccessor<&EcKey::SignatureOctets>("signatureOctets")});
  }

  explicit EcKey(const Napi::CallbackInfo& info) : Napi::ObjectWrap<EcKey>(info) { Load(info); }

  ~EcKey() override {
    if (!Openssl().complete) return;
    Openssl().EVP_PKEY_CTX_free(context_);
    Openssl().EVP_PKEY_free(key_);
  }

 private:
  void Load(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    const auto& openssl = Openssl();
    key_ = PrivateKeyArgument(env, info[0], EVP_PKEY_EC, "privateKey is no EC private key");
    if (key_ == nullptr) return;
    context_ = openssl.EVP_PKEY_CTX_new(key_, nullptr);
    if (context_ == nullptr || openssl.EVP_PKEY_sign_init(context_) != 1) ThrowOpenssl(env, "EVP_PKEY_sign_init");
    signatureOctets_ = static_cast<size_t>(openssl.EVP_PKEY_get_size(key_));
  }

  Napi::Value SignatureOctets(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(signatureOctets_));
  }

  // The caller's arrays are filled: to make arrays here would cost a third of what the call saves.
  void Sign(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    const auto refuse = [&](const char* why) { Napi::TypeError::New(env, why).ThrowAsJavaScriptException(); };
    if (!IsUint8Array(info[0]) || !IsUint8Array(info[2]) || !IsUint8Array(info[3]))
      return refuse("digests, signatures and lengths must be Uint8Arrays");
    const int64_t octets = IntegerArgument(env, info[1], 1, kMostDigest, "digestOctets");
    if (octets == -1) return;
    const auto digests = info[0].As<Napi::Uint8Array>();
    auto signatures = info[2].As<Napi::Uint8Array>();
    auto lengths = info[3].As<Napi::Uint8Array>();
    const size_t each = static_cast<size_t>(octets);
    const size_t count = lengths.ByteLength();
    if (count == 0 || count > kMostDigests) return refuse("lengths must have 1 to 65536 elements");
    if (digests.ByteLength() != count * each || signatures.ByteLength() != count * signatureOctets_)
      return refuse("digests and signatures must have their octets times as many as lengths");
    for (size_t i = 0; i < count; i++) {
      size_t length = signatureOctets_;
      uint8_t* signature = signatures.Data() + i * signatureOctets_;
      if (Openssl().EVP_PKEY_sign(context_, signature, &length, digests.Data() + i * each, each) != 1)
        return ThrowOpenssl(env, "EVP_PKEY_sign");
      lengths.Data()[i] = static_cast<uint8_t>(length);
    }
  }

  EVP_PKEY* key_ = nullptr;
  EVP_PKEY_CTX* context_ = nullptr;
  size_t signatureOctets_ = 0;
};

}  // namespace

void ExportEcKey(Napi::Env env, Napi::Object exports) { exports.Set("EcKey", EcKey::Define(env)); }

}  // namespace sekisho
