// The OpenSSL that Node exports. Its functions are looked up at run time, so that the addon loads also where Node exports none.
#pragma once

#include <napi.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

namespace sekisho {

#define OPENSSL_FUNCTIONS(X)                                                                          \
  X(d2i_AutoPrivateKey) X(EVP_PKEY_free) X(EVP_PKEY_get_base_id) X(EVP_PKEY_get_size)                 \
  X(EVP_PKEY_CTX_new) X(EVP_PKEY_CTX_free) X(EVP_PKEY_sign_init) X(EVP_PKEY_sign)                     \
  X(EVP_PKEY_get_bn_param) X(BN_new) X(BN_clear_free) X(BN_CTX_new) X(BN_CTX_free) X(BN_num_bits)     \
  X(BN_is_word) X(BN_cmp) X(BN_mul) X(BN_mod_exp) X(BN_mod_inverse) X(BN_priv_rand_range)             \
  X(BN_bn2binpad) X(OPENSSL_cleanse) X(ERR_get_error) X(ERR_error_string_n) X(ERR_clear_error)

// OpenSSL's functions by their own names.
struct Functions {
#define DECLARE(name) decltype(&::name) name = nullptr;
  OPENSSL_FUNCTIONS(DECLARE)
#undef DECLARE
  bool complete = true;

  Functions();
};

const Functions& Openssl();

// Throws Error with what OpenSSL says.
void ThrowOpenssl(Napi::Env env, const char* what);

// Reads the argument `privateKey`, DER PKCS#8 or SEC 1 or RFC 8017, of one algorithm (EVP_PKEY_EC); throws TypeError with
// `wrong` if it is none, and returns null. To be freed by EVP_PKEY_free.
EVP_PKEY* PrivateKeyArgument(Napi::Env env, Napi::Value value, int algorithm, const char* wrong);

}  // namespace sekisho
