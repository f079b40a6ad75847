// ECDSA with a software key, a batch a call in the calling thread, by the OpenSSL that Node exports. Its functions are
// looked up at run time, so that the addon loads also where Node exports none.
#include <dlfcn.h>
#include <napi.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <string>

#include "addon.h"

namespace sekisho {
namespace {

constexpr size_t kMostPrivateKey = 8192;
constexpr int64_t kMostDigest = 64;
constexpr size_t kMostDigests = 65536;

#define OPENSSL_FUNCTIONS(X)                                                          \
  X(d2i_AutoPrivateKey) X(EVP_PKEY_free) X(EVP_PKEY_get_base_id) X(EVP_PKEY_get_size) \
  X(EVP_PKEY_CTX_new) X(EVP_PKEY_CTX_free) X(EVP_PKEY_sign_init) X(EVP_PKEY_sign)     \
  X(ERR_get_error) X(ERR_error_string_n) X(ERR_clear_error)

// OpenSSL's functions by their own names.
struct Functions {
#define DECLARE(name) decltype(&::name) name = nullptr;
  OPENSSL_FUNCTIONS(DECLARE)
#undef DECLARE
  bool complete = true;

  Functions() {
#define LOOK_UP(name)                                                  \
  name = reinterpret_cast<decltype(name)>(dlsym(RTLD_DEFAULT, #name)); \
  complete = complete && name != nullptr;
    OPENSSL_FUNCTIONS(LOOK_UP)
#undef LOOK_UP
  }
};

const Functions& Openssl() {
  static const Functions functions;
  return functions;
}

void ThrowFault(Napi::Env env, const char* what) {
  char text[256];
  Openssl().ERR_error_string_n(Openssl().ERR_get_error(), text, sizeof text);
  // Node takes what is left for the fault of a later call of its own.
  Openssl().ERR_clear_error();
  Napi::Error::New(env, std::string(what) + ": " + text).ThrowAsJavaScriptException();
}

bool IsArray(Napi::Value value, napi_typedarray_type type) {
  return value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == type;
}

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
    const auto refuse = [&](const char* why) { Napi::TypeError::New(env, why).ThrowAsJavaScriptException(); };
    const auto& openssl = Openssl();
    if (!openssl.complete) return refuse("Node exports no OpenSSL");
    if (!IsArray(info[0], napi_uint8_array)) return refuse("privateKey must be a Uint8Array");
    const auto der = info[0].As<Napi::Uint8Array>();
    if (der.ByteLength() == 0 || der.ByteLength() > kMostPrivateKey) return refuse("privateKey must have 1 to 8192 octets");
    const unsigned char* at = der.Data();
    key_ = openssl.d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.ByteLength()));
    openssl.ERR_clear_error();
    if (key_ == nullptr || openssl.EVP_PKEY_get_base_id(key_) != EVP_PKEY_EC) return refuse("privateKey is no EC private key");
    context_ = openssl.EVP_PKEY_CTX_new(key_, nullptr);
    if (context_ == nullptr || openssl.EVP_PKEY_sign_init(context_) != 1) ThrowFault(env, "EVP_PKEY_sign_init");
    signatureOctets_ = static_cast<size_t>(openssl.EVP_PKEY_get_size(key_));
  }

  Napi::Value SignatureOctets(const Napi::CallbackInfo& info) {
    return Napi::Number::New(info.Env(), static_cast<double>(signatureOctets_));
  }

  // The caller's arrays are filled: to make arrays here would cost a third of what the call saves.
  void Sign(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    const auto refuse = [&](const char* why) { Napi::TypeError::New(env, why).ThrowAsJavaScriptException(); };
    if (!IsArray(info[0], napi_uint8_array) || !IsArray(info[2], napi_uint8_array) || !IsArray(info[3], napi_uint8_array))
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
        return ThrowFault(env, "EVP_PKEY_sign");
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
