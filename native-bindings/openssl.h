// The OpenSSL that Node exports. Its functions are looked up at run time, so that the addon loads also where Node exports none.
#pragma once

#include <napi.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/sha.h>
#include <openssl/x509.h>

#include <memory>

namespace sekisho {

#define OPENSSL_FUNCTIONS(X)                                                                            \
  X(d2i_AutoPrivateKey) X(EVP_PKEY_free) X(EVP_PKEY_get_base_id) X(EVP_PKEY_get_size)                   \
  X(EVP_PKEY_CTX_new) X(EVP_PKEY_CTX_free) X(EVP_PKEY_sign_init) X(EVP_PKEY_sign)                       \
  X(EVP_PKEY_get_bn_param) X(EVP_PKEY_get_group_name)                                                   \
  X(BN_new) X(BN_clear_free) X(BN_CTX_new) X(BN_CTX_free) X(BN_num_bits) X(BN_is_word) X(BN_set_word)   \
  X(BN_cmp) X(BN_lshift) X(BN_mul) X(BN_div) X(BN_mod_exp) X(BN_mod_inverse) X(BN_priv_rand_range)      \
  X(BN_bn2binpad)                                                                                       \
  X(EC_GROUP_new_by_curve_name) X(EC_GROUP_free) X(EC_GROUP_get0_generator) X(EC_GROUP_get0_order)      \
  X(EC_GROUP_get_curve) X(EC_POINT_new) X(EC_POINT_free) X(EC_POINT_copy) X(EC_POINT_add)               \
  X(EC_POINT_dbl) X(EC_POINT_get_affine_coordinates)                                                    \
  X(RAND_priv_bytes) X(SHA512) X(OPENSSL_cleanse)                                                       \
  X(ERR_get_error) X(ERR_error_string_n) X(ERR_clear_error)

// OpenSSL's functions by their own names.
struct Functions {
#define DECLARE(name) decltype(&::name) name = nullptr;
  OPENSSL_FUNCTIONS(DECLARE)
#undef DECLARE
  bool complete = true;

  Functions();
};

const Functions& Openssl();

template <auto function>
struct Free {
  template <typename T>
  void operator()(T* value) const {
    (Openssl().*function)(value);
  }
};
using NumberPointer = std::unique_ptr<BIGNUM, Free<&Functions::BN_clear_free>>;
using ContextPointer = std::unique_ptr<BN_CTX, Free<&Functions::BN_CTX_free>>;
using GroupPointer = std::unique_ptr<EC_GROUP, Free<&Functions::EC_GROUP_free>>;
using PointPointer = std::unique_ptr<EC_POINT, Free<&Functions::EC_POINT_free>>;
using KeyPointer = std::unique_ptr<EVP_PKEY, Free<&Functions::EVP_PKEY_free>>;
using KeyContextPointer = std::unique_ptr<EVP_PKEY_CTX, Free<&Functions::EVP_PKEY_CTX_free>>;

inline NumberPointer NewNumber() { return NumberPointer(Openssl().BN_new()); }

// A number of a key (OSSL_PKEY_PARAM_RSA_N); null if it has none of that name.
NumberPointer KeyNumber(const KeyPointer& key, const char* name);

// Writes it big-endian; false for null and for what is too large.
template <size_t octets>
bool ToOctets(const NumberPointer& number, uint8_t (&into)[octets]) {
  return number != nullptr && Openssl().BN_bn2binpad(number.get(), into, octets) == static_cast<int>(octets);
}

// A T that is wiped when it goes.
template <typename T>
struct Wiped : T {
  using T::T;
  ~Wiped() { Openssl().OPENSSL_cleanse(static_cast<T*>(this), sizeof(T)); }
};

// Throws Error with what OpenSSL says.
void ThrowOpenssl(Napi::Env env, const char* what);

// Reads the argument `privateKey`, DER PKCS#8, SEC 1 or RFC 8017, of one algorithm (EVP_PKEY_EC); throws TypeError with
// `wrong` if it is none, and returns null.
KeyPointer PrivateKeyArgument(Napi::Env env, Napi::Value value, int algorithm, const char* wrong);

}  // namespace sekisho
