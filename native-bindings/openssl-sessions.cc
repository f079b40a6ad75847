// Sessions with a software key, signed with by the OpenSSL that Node exports. Its functions are looked up at run time,
// so that the addon loads also where Node exports none.
#include <dlfcn.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "batch-signer.h"

namespace sekisho {
namespace {

constexpr size_t kMostPrivateKey = 8192;

#define OPENSSL_FUNCTIONS(X)                                                                          \
  X(d2i_AutoPrivateKey) X(EVP_PKEY_free) X(EVP_PKEY_get_base_id) X(EVP_PKEY_get_size)                  \
  X(EVP_PKEY_CTX_new) X(EVP_PKEY_CTX_free) X(EVP_PKEY_sign_init) X(EVP_PKEY_sign)                      \
  X(EVP_PKEY_CTX_set_rsa_padding) X(EVP_PKEY_CTX_set_signature_md) X(EVP_sha256) X(EVP_sha384)         \
  X(ERR_get_error) X(ERR_error_string_n) X(OPENSSL_cleanse)

// OpenSSL's functions by their own names.
struct Functions {
#define DECLARE(name) decltype(&::name) name = nullptr;
  OPENSSL_FUNCTIONS(DECLARE)
#undef DECLARE
  bool complete = true;

  Functions() {
#define LOOK_UP(name)                                                       \
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

std::string Fault(const char* what) {
  char text[256];
  Openssl().ERR_error_string_n(Openssl().ERR_get_error(), text, sizeof text);
  return std::string(what) + ": " + text;
}

struct Key {
  EVP_PKEY* key = nullptr;
  const EVP_MD* digest = nullptr;
  ~Key() { Openssl().EVP_PKEY_free(key); }
};

class OpensslSession : public SigningSession {
 public:
  explicit OpensslSession(std::shared_ptr<const Key> key)
      : key_(std::move(key)), context_(Openssl().EVP_PKEY_CTX_new(key_->key, nullptr)) {}

  ~OpensslSession() override { Openssl().EVP_PKEY_CTX_free(context_); }

  std::string Begin() {
    const auto& openssl = Openssl();
    if (context_ == nullptr || openssl.EVP_PKEY_sign_init(context_) != 1) return Fault("EVP_PKEY_sign_init");
    const bool rsa = openssl.EVP_PKEY_get_base_id(key_->key) == EVP_PKEY_RSA;
    if (rsa && openssl.EVP_PKEY_CTX_set_rsa_padding(context_, RSA_PKCS1_PADDING) != 1)
      return Fault("EVP_PKEY_CTX_set_rsa_padding");
    if (openssl.EVP_PKEY_CTX_set_signature_md(context_, key_->digest) != 1) return Fault("EVP_PKEY_CTX_set_signature_md");
    return "";
  }

  std::string Sign(const uint8_t* input, size_t length, Octets* signature) override {
    size_t size = static_cast<size_t>(Openssl().EVP_PKEY_get_size(key_->key));
    signature->resize(size);
    if (Openssl().EVP_PKEY_sign(context_, signature->data(), &size, input, length) != 1) return Fault("EVP_PKEY_sign");
    signature->resize(size);
    return "";
  }

 private:
  const std::shared_ptr<const Key> key_;
  EVP_PKEY_CTX* const context_;
};

std::unique_ptr<SigningSession> Open(const std::shared_ptr<const Key>& key, std::string* fault) {
  auto session = std::make_unique<OpensslSession>(key);
  *fault = session->Begin();
  return fault->empty() ? std::move(session) : nullptr;
}

}  // namespace

OpenSession OpensslSessions(Napi::Object source) {
  Napi::Env env = source.Env();
  const auto refuse = [&](const char* why) {
    Napi::TypeError::New(env, why).ThrowAsJavaScriptException();
    return nullptr;
  };
  const auto& openssl = Openssl();
  if (!openssl.complete) return refuse("Node exports no OpenSSL");
  const Napi::Value name = source.Get("digestName");
  const std::string digest = name.IsString() ? name.As<Napi::String>().Utf8Value() : "";
  if (digest != "sha256" && digest != "sha384") return refuse("digestName must be sha256 or sha384");
  Octets der;
  if (!ReadOctets(source, "privateKey", kMostPrivateKey, &der)) return nullptr;
  auto key = std::make_shared<Key>();
  const unsigned char* at = der.data();
  key->key = openssl.d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.size()));
  openssl.OPENSSL_cleanse(der.data(), der.size());
  if (key->key == nullptr) return refuse("privateKey is no private key");
  key->digest = digest == "sha256" ? openssl.EVP_sha256() : openssl.EVP_sha384();
  return [key](std::string* fault) { return Open(key, fault); };
}

}  // namespace sekisho
