// ECDSA with a software key, a batch a call in the calling thread: P-256 eight at a time where the processor can, else by the
// OpenSSL that Node exports.
#include "addon.h"
#include "openssl.h"
#include "p256-lanes.h"

#include <algorithm>
#include <cstring>

namespace sekisho {
namespace {

constexpr int64_t kMostDigest = 64;
constexpr size_t kMostDigests = 65536;
// Eight in lanes take hardly longer than two by OpenSSL.
constexpr size_t kWorthLanes = 3;

using Number = P256Lanes::Number;

// A non-negative DER INTEGER of at most 33 octets; returns the octet after it.
uint8_t* WriteInteger(uint8_t* at, const Number& number) {
  const uint8_t* first = std::find_if(number, number + sizeof number - 1, [](uint8_t octet) { return octet != 0; });
  const bool isPadded = (*first & 0x80) != 0;
  const size_t count = static_cast<size_t>(number + sizeof number - first);
  *at++ = 0x02;
  *at++ = static_cast<uint8_t>(count + isPadded);
  if (isPadded) *at++ = 0;
  return std::copy(first, number + sizeof number, at);
}

// Ecdsa-Sig-Value (RFC 3279 2.2.3); returns its octets, 72 at most.
size_t WriteSignature(uint8_t* into, const Number& r, const Number& s) {
  const uint8_t* end = WriteInteger(WriteInteger(into + 2, r), s);
  into[0] = 0x30;
  into[1] = static_cast<uint8_t>(end - into - 2);
  return static_cast<size_t>(end - into);
}

// A P-256 key that signs in lanes.
class P256Key {
 public:
  // Null if the key is none, the kind is kNone, or OpenSSL fails.
  static std::unique_ptr<P256Key> From(const KeyPointer& key, LaneKind kind) {
    char group[32] = {};
    const bool isP256 = kind != LaneKind::kNone && Openssl().EVP_PKEY_get_group_name(key.get(), group, sizeof group, nullptr) == 1 &&
                        std::strcmp(group, "prime256v1") == 0;
    const P256Curve* curve = isP256 ? TheP256Curve() : nullptr;
    Wiped<Secret> secret;
    const bool fits = curve != nullptr && ToOctets(KeyNumber(key, OSSL_PKEY_PARAM_PRIV_KEY), secret.privateKey);
    Openssl().ERR_clear_error();
    return fits ? std::unique_ptr<P256Key>(new P256Key(kind, *curve, secret)) : nullptr;
  }

  // Up to P256Lanes::kSignatures; where there are fewer the last is signed again. False if there is no randomness, or
  // a computation fails its check.
  bool Sign(const uint8_t* digests, size_t count, uint8_t* signatures, size_t signatureOctets, uint8_t* lengths) const {
    Number messages[P256Lanes::kSignatures], r[P256Lanes::kSignatures], s[P256Lanes::kSignatures];
    for (size_t i = 0; i < P256Lanes::kSignatures; i++)
      std::memcpy(messages[i], digests + std::min(i, count - 1) * sizeof(Number), sizeof(Number));
    Wiped<Nonces> nonces;
    if (!Draw(nonces, messages) || !lanes_->Sign(messages, nonces.of, r, s)) return false;
    for (size_t i = 0; i < count; i++)
      lengths[i] = static_cast<uint8_t>(WriteSignature(signatures + i * signatureOctets, r[i], s[i]));
    return true;
  }

 private:
  struct Secret {
    Number privateKey;
  };
  struct Nonces {
    P256Lanes::Nonce of[P256Lanes::kSignatures];
  };

  P256Key(LaneKind kind, const P256Curve& curve, const Wiped<Secret>& secret)
      : secret_(secret), lanes_(P256Lanes::New(kind, curve, secret.privateKey)) {}

  // Hashes of private key, message and 32 random octets, as OpenSSL makes them: should the randomness fail, no two messages
  // share a nonce.
  bool Draw(Nonces& nonces, const Number (&messages)[P256Lanes::kSignatures]) const {
    struct Input {
      Number privateKey, message, random;
    };
    Wiped<Input> input;
    uint8_t random[P256Lanes::kSignatures][sizeof(Number)];
    if (Openssl().RAND_priv_bytes(random[0], sizeof random) != 1) return false;
    std::memcpy(input.privateKey, secret_.privateKey, sizeof(Number));
    for (size_t i = 0; i < P256Lanes::kSignatures; i++) {
      std::memcpy(input.message, messages[i], sizeof(Number));
      std::memcpy(input.random, random[i], sizeof(Number));
      if (Openssl().SHA512(input.privateKey, sizeof(Input), nonces.of[i]) == nullptr) return false;
    }
    return true;
  }

  Wiped<Secret> secret_;
  std::unique_ptr<P256Lanes> lanes_;
};

// JavaScript: new EcKey(privateKey, lanes); sign(digests, digestOctets, signatures, lengths); signatureOctets.
class EcKey : public Napi::ObjectWrap<EcKey> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "EcKey",
                       {InstanceMethod("sign", &EcKey::Sign), InstanceAccessor<&EcKey::SignatureOctets>("signatureOctets")});
  }

  explicit EcKey(const Napi::CallbackInfo& info) : Napi::ObjectWrap<EcKey>(info) {
    Napi::Env env = info.Env();
    const auto& openssl = Openssl();
    key_ = PrivateKeyArgument(env, info[0], EVP_PKEY_EC, "privateKey is no EC private key");
    LaneKind kind;
    if (key_ == nullptr || !LaneKindArgument(env, info[1], kind)) return;
    context_.reset(openssl.EVP_PKEY_CTX_new(key_.get(), nullptr));
    if (context_ == nullptr || openssl.EVP_PKEY_sign_init(context_.get()) != 1) ThrowOpenssl(env, "EVP_PKEY_sign_init");
    signatureOctets_ = static_cast<size_t>(openssl.EVP_PKEY_get_size(key_.get()));
    p256_ = P256Key::From(key_, kind);
  }

 private:
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
    size_t i = 0;
    for (size_t together; p256_ != nullptr && each == sizeof(Number) && count - i >= kWorthLanes; i += together) {
      together = std::min(count - i, P256Lanes::kSignatures);
      if (!p256_->Sign(digests.Data() + i * each, together, signatures.Data() + i * signatureOctets_, signatureOctets_,
                       lengths.Data() + i)) {
        Napi::Error::New(env, "the signatures do not pass their check").ThrowAsJavaScriptException();
        return;
      }
    }
    for (; i < count; i++) {
      size_t length = signatureOctets_;
      uint8_t* signature = signatures.Data() + i * signatureOctets_;
      if (Openssl().EVP_PKEY_sign(context_.get(), signature, &length, digests.Data() + i * each, each) != 1)
        return ThrowOpenssl(env, "EVP_PKEY_sign");
      lengths.Data()[i] = static_cast<uint8_t>(length);
    }
  }

  KeyPointer key_;
  KeyContextPointer context_;
  size_t signatureOctets_ = 0;
  std::unique_ptr<P256Key> p256_;
};

}  // namespace

void ExportEcKey(Napi::Env env, Napi::Object exports) { exports.Set("EcKey", EcKey::Define(env)); }

}  // namespace sekisho
