#include "openssl.h"

#include <dlfcn.h>

#include <string>

#include "addon.h"

namespace sekisho {
namespace {

constexpr size_t kMostPrivateKey = 8192;

}  // namespace

Functions::Functions() {
#define LOOK_UP(name)                                                  \
  name = reinterpret_cast<decltype(name)>(dlsym(RTLD_DEFAULT, #name)); \
  complete = complete && name != nullptr;
  OPENSSL_FUNCTIONS(LOOK_UP)
#undef LOOK_UP
}

const Functions& Openssl() {
  static const Functions functions;
  return functions;
}

void ThrowOpenssl(Napi::Env env, const char* what) {
  char text[256];
  Openssl().ERR_error_string_n(Openssl().ERR_get_error(), text, sizeof text);
  // Node takes what is left for the fault of a later call of its own.
  Openssl().ERR_clear_error();
  Napi::Error::New(env, std::string(what) + ": " + text).ThrowAsJavaScriptException();
}

NumberPointer KeyNumber(const KeyPointer& key, const char* name) {
  BIGNUM* number = nullptr;
  Openssl().EVP_PKEY_get_bn_param(key.get(), name, &number);
  return NumberPointer(number);
}

KeyPointer PrivateKeyArgument(Napi::Env env, Napi::Value value, int algorithm, const char* wrong) {
  const auto refuse = [&](const char* why) {
    Napi::TypeError::New(env, why).ThrowAsJavaScriptException();
    return KeyPointer();
  };
  const auto& openssl = Openssl();
  if (!openssl.complete) return refuse("Node exports no OpenSSL");
  if (!IsUint8Array(value)) return refuse("privateKey must be a Uint8Array");
  const auto der = value.As<Napi::Uint8Array>();
  if (der.ByteLength() == 0 || der.ByteLength() > kMostPrivateKey) return refuse("privateKey must have 1 to 8192 octets");
  const unsigned char* at = der.Data();
  KeyPointer key(openssl.d2i_AutoPrivateKey(nullptr, &at, static_cast<long>(der.ByteLength())));
  openssl.ERR_clear_error();
  const bool fits = key != nullptr && openssl.EVP_PKEY_get_base_id(key.get()) == algorithm;
  return fits ? std::move(key) : refuse(wrong);
}

}  // namespace sekisho
