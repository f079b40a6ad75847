// RSASSA-PKCS1-v1_5 with a software key of 2048 bits, four signatures at a time in the calling thread.
#include "addon.h"
#include "openssl.h"
#include "rsa-lanes.h"

#include <algorithm>
#include <cstring>
#include <memory>

namespace sekisho {
namespace {

constexpr size_t kDigestOctets = 32;
constexpr size_t kMostDigests = 65536;
// DigestInfo before a SHA-256 digest (RFC 8017 9.2, note 1).
constexpr uint8_t kDigestInfo[] = {0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01,
                                   0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20};
// Each operation squares the masks; as many squares later they are drawn anew. OpenSSL does so after 32.
constexpr unsigned kMaskUses = 256;

// JavaScript: new RsaKey(privateKey, lanes); sign(digests, signatures).
class RsaKey : public Napi::ObjectWrap<RsaKey> {
 public:
  static Napi::Function Define(Napi::Env env) { return DefineClass(env, "RsaKey", {InstanceMethod("sign", &RsaKey::Sign)}); }

  explicit RsaKey(const Napi::CallbackInfo& info) : Napi::ObjectWrap<RsaKey>(info) { Load(info); }

 private:
  void Load(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    const auto refuse = [&](const char* why) { Napi::TypeError::New(env, why).ThrowAsJavaScriptException(); };
    LaneKind kind;
    if (!LaneKindArgument(env, info[1], kind)) return;
    if (kind == LaneKind::kNone) return refuse("this processor has no AVX-512");
    const KeyPointer key = PrivateKeyArgument(env, info[0], EVP_PKEY_RSA, "privateKey is no RSA private key");
    if (key == nullptr) return;
    Wiped<RsaLanes::Key> parts;
    if (!TakeApart(key, parts))
      return refuse("privateKey is not of 2048 bits, two primes and the public exponent 65537");
    lanes_ = RsaLanes::New(kind, parts);
  }

  bool TakeApart(const KeyPointer& key, RsaLanes::Key& parts) {
    const auto& openssl = Openssl();
    modulus_ = KeyNumber(key, OSSL_PKEY_PARAM_RSA_N);
    publicExponent_ = KeyNumber(key, OSSL_PKEY_PARAM_RSA_E);
    const NumberPointer p = KeyNumber(key, OSSL_PKEY_PARAM_RSA_FACTOR1);
    const NumberPointer q = KeyNumber(key, OSSL_PKEY_PARAM_RSA_FACTOR2);
    const NumberPointer product = NewNumber();
    const ContextPointer context(openssl.BN_CTX_new());
    // Two factors of at most 1024 bits whose product has 2048 have 1024 each.
    const bool fits = modulus_ != nullptr && publicExponent_ != nullptr && product != nullptr && context != nullptr &&
                      p != nullptr && q != nullptr && openssl.BN_is_word(publicExponent_.get(), 65537) == 1 &&
                      openssl.BN_mul(product.get(), p.get(), q.get(), context.get()) == 1 &&
                      openssl.BN_cmp(product.get(), modulus_.get()) == 0 &&
                      openssl.BN_num_bits(product.get()) == RsaLanes::kOctets * 8 && ToOctets(p, parts.p) &&
                      ToOctets(q, parts.q) && ToOctets(KeyNumber(key, OSSL_PKEY_PARAM_RSA_EXPONENT1), parts.dP) &&
                      ToOctets(KeyNumber(key, OSSL_PKEY_PARAM_RSA_EXPONENT2), parts.dQ) &&
                      ToOctets(KeyNumber(key, OSSL_PKEY_PARAM_RSA_COEFFICIENT1), parts.qInv);
    openssl.ERR_clear_error();
    return fits;
  }

  // Random r ^ e and 1 / r, modulo n.
  bool DrawMasks() {
    const auto& openssl = Openssl();
    const ContextPointer context(openssl.BN_CTX_new());
    const NumberPointer random = NewNumber(), mask = NewNumber(), unmask = NewNumber();
    RsaLanes::Number masks[RsaLanes::kOperations], unmasks[RsaLanes::kOperations];
    if (context == nullptr || random == nullptr || mask == nullptr || unmask == nullptr) return false;
    for (size_t i = 0; i < RsaLanes::kOperations; i++) {
      const bool drawn =
          openssl.BN_priv_rand_range(random.get(), modulus_.get()) == 1 &&
          openssl.BN_mod_inverse(unmask.get(), random.get(), modulus_.get(), context.get()) != nullptr &&
          openssl.BN_mod_exp(mask.get(), random.get(), publicExponent_.get(), modulus_.get(), context.get()) == 1 &&
          ToOctets(mask, masks[i]) && ToOctets(unmask, unmasks[i]);
      if (!drawn) return false;
    }
    lanes_->Mask(masks, unmasks);
    maskUses_ = kMaskUses;
    return true;
  }

  void Sign(const Napi::CallbackInfo& info) {
    Napi::Env env = info.Env();
    const auto refuse = [&](const char* why) { Napi::TypeError::New(env, why).ThrowAsJavaScriptException(); };
    if (!IsUint8Array(info[0]) || !IsUint8Array(info[1])) return refuse("digests and signatures must be Uint8Arrays");
    const auto digests = info[0].As<Napi::Uint8Array>();
    auto signatures = info[1].As<Napi::Uint8Array>();
    const size_t count = digests.ByteLength() / kDigestOctets;
    if (count == 0 || count > kMostDigests || digests.ByteLength() != count * kDigestOctets)
      return refuse("digests must have 32 octets, 1 to 65536 times");
    if (signatures.ByteLength() != count * RsaLanes::kOctets) return refuse("signatures must have 256 octets for each digest");
    RsaLanes::Number messages[RsaLanes::kOperations], results[RsaLanes::kOperations];
    for (size_t i = 0; i < count; i += RsaLanes::kOperations) {
      if (maskUses_ == 0 && !DrawMasks()) return ThrowOpenssl(env, "blinding");
      maskUses_--;
      // Where fewer are left, the last is signed again.
      for (size_t lane = 0; lane < RsaLanes::kOperations; lane++)
        Encode(messages[lane], digests.Data() + std::min(i + lane, count - 1) * kDigestOctets);
      if (!lanes_->PrivateOperation(messages, results)) {
        // Masks that a fault has hit would make the next ones fail too.
        maskUses_ = 0;
        Napi::Error::New(env, "the signature does not verify").ThrowAsJavaScriptException();
        return;
      }
      std::memcpy(signatures.Data() + i * RsaLanes::kOctets, results,
                  std::min(RsaLanes::kOperations, count - i) * RsaLanes::kOctets);
    }
  }

  // EMSA-PKCS1-v1_5 (RFC 8017 9.2).
  static void Encode(RsaLanes::Number& message, const uint8_t* digest) {
    constexpr size_t kEnd = RsaLanes::kOctets - kDigestOctets;
    constexpr size_t kPadding = kEnd - sizeof kDigestInfo;
    message[0] = 0;
    message[1] = 1;
    std::memset(message + 2, 0xff, kPadding - 3);
    message[kPadding - 1] = 0;
    std::memcpy(message + kPadding, kDigestInfo, sizeof kDigestInfo);
    std::memcpy(message + kEnd, digest, kDigestOctets);
  }

  NumberPointer modulus_;
  NumberPointer publicExponent_;
  std::unique_ptr<RsaLanes> lanes_;
  unsigned maskUses_ = 0;
};

}  // namespace

void ExportRsaKey(Napi::Env env, Napi::Object exports) { exports.Set("RsaKey", RsaKey::Define(env)); }

}  // namespace sekisho
