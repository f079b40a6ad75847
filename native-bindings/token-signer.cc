// Signs batches of digests with keys of a PKCS#11 token, on native threads. See session-pool.h.
#include <dlfcn.h>
#include <napi.h>

#include <cstring>
#include <map>
#include <string>

#include "addon.h"
#include "session-pool.h"

namespace sekisho {
namespace {

constexpr int64_t kMostSessions = 256;
constexpr size_t kMostDigests = 65536;
constexpr size_t kMostIdentifier = 64;
constexpr size_t kMostPrefix = 64;
constexpr int64_t kMostDigest = 64;
constexpr int64_t kMostSignature = 2048;
// How long the end of an environment waits for calls under way, which the end of the process must not cross.
constexpr auto kEndWait = std::chrono::milliseconds(1000);

// A batch with its promise; used by the JavaScript thread only.
struct Pending {
  BatchPtr batch;
  Napi::Promise::Deferred promise;
};

// JavaScript: new TokenSigner(module, sessions); sign(key, digests) -> Promise<Uint8Array>; close().
class TokenSigner : public Napi::ObjectWrap<TokenSigner> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "TokenSigner",
                       {InstanceMethod("sign", &TokenSigner::Sign), InstanceMethod("close", &TokenSigner::Close)});
  }

  explicit TokenSigner(const Napi::CallbackInfo& info);
  ~TokenSigner() override;

 private:
  Napi::Value Sign(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo& info);
  void End();
  static void EndWithEnvironment(void* self);
  static void Deliver(napi_env env, napi_value, void* self, void* data);

  std::shared_ptr<SessionPool> pool_;  // nullptr once closed
  napi_threadsafe_function report_ = nullptr;
  std::map<Batch*, Pending> pending_;
};

// The function list of a module; nullptr with an exception. It stays loaded: its threads may never end.
CK_FUNCTION_LIST_PTR Functions(Napi::Env env, const std::string& path) {
  void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  const auto get = module == nullptr ? nullptr : reinterpret_cast<CK_C_GetFunctionList>(dlsym(module, "C_GetFunctionList"));
  CK_FUNCTION_LIST_PTR functions = nullptr;
  if (get == nullptr || get(&functions) != CKR_OK || functions == nullptr)
    Napi::Error::New(env, path + " is no PKCS#11 module").ThrowAsJavaScriptException();
  return functions;
}

// The octets of a Uint8Array, of which there must be `least` to `most`; throws TypeError and returns false otherwise.
bool ReadOctets(Napi::Env env, Napi::Value value, size_t least, size_t most, const char* what, Octets* out) {
  if (IsUint8Array(value)) {
    const auto octets = value.As<Napi::Uint8Array>();
    const size_t length = octets.ByteLength();
    if (length >= least && length <= most) {
      if (length > 0) out->assign(octets.Data(), octets.Data() + length);
      return true;
    }
  }
  Napi::TypeError::New(env, std::string(what) + " must be a Uint8Array of " + std::to_string(least) + " to " +
                                std::to_string(most) + " octets")
      .ThrowAsJavaScriptException();
  return false;
}

// False with an exception pending unless `value` is a whole TokenKey.
bool ReadKey(Napi::Env env, Napi::Value value, TokenKey* key) {
  if (!value.IsObject()) {
    Napi::TypeError::New(env, "key must be an object").ThrowAsJavaScriptException();
    return false;
  }
  const Napi::Object object = value.As<Napi::Object>();
  Octets slot;
  if (!ReadOctets(env, object.Get("slot"), sizeof key->slot, sizeof key->slot, "slot", &slot)) return false;
  memcpy(&key->slot, slot.data(), sizeof key->slot);
  if (!ReadOctets(env, object.Get("identifier"), 1, kMostIdentifier, "identifier", &key->identifier)) return false;
  if (!ReadOctets(env, object.Get("prefix"), 0, kMostPrefix, "prefix", &key->prefix)) return false;
  const int64_t mechanism = IntegerArgument(env, object.Get("mechanism"), 0, UINT32_MAX, "mechanism");
  if (mechanism == -1) return false;
  const int64_t digest = IntegerArgument(env, object.Get("digestOctets"), 1, kMostDigest, "digestOctets");
  if (digest == -1) return false;
  const int64_t signature = IntegerArgument(env, object.Get("signatureOctets"), 1, kMostSignature, "signatureOctets");
  if (signature == -1) return false;
  key->mechanism = static_cast<CK_MECHANISM_TYPE>(mechanism);
  key->digestOctets = static_cast<size_t>(digest);
  key->signatureOctets = static_cast<size_t>(signature);
  return true;
}

Napi::Value ErrorOf(Napi::Env env, const Fault& fault) {
  Napi::Error error = Napi::Error::New(env, std::string(fault.function) + " " + std::to_string(fault.value));
  error.Set("functionName", Napi::String::New(env, fault.function));
  error.Set("returnValue", Napi::Number::New(env, static_cast<double>(fault.value)));
  return error.Value();
}

TokenSigner::TokenSigner(const Napi::CallbackInfo& info) : Napi::ObjectWrap<TokenSigner>(info) {
  Napi::Env env = info.Env();
  if (!info[0].IsString()) {
    Napi::TypeError::New(env, "module must be a path").ThrowAsJavaScriptException();
    return;
  }
  const int64_t sessions = IntegerArgument(env, info[1], 1, kMostSessions, "sessions");
  if (sessions == -1) return;
  const CK_FUNCTION_LIST_PTR functions = Functions(env, info[0].As<Napi::String>());
  if (functions == nullptr) return;
  const napi_value name = Napi::String::New(env, "TokenSigner");
  if (napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, Deliver, &report_) !=
      napi_ok) {
    Napi::Error::New(env, "no thread can report to JavaScript").ThrowAsJavaScriptException();
    return;
  }
  napi_unref_threadsafe_function(env, report_);
  napi_add_env_cleanup_hook(env, EndWithEnvironment, this);
  const auto report = report_;
  pool_ = std::make_shared<SessionPool>(functions, static_cast<size_t>(sessions), [report](const BatchPtr& batch) {
    auto* data = new BatchPtr(batch);
    if (napi_call_threadsafe_function(report, data, napi_tsfn_nonblocking) != napi_ok) delete data;
  });
}

TokenSigner::~TokenSigner() {
  if (pool_ == nullptr) return;
  napi_remove_env_cleanup_hook(Env(), EndWithEnvironment, this);
  End();
}

void TokenSigner::EndWithEnvironment(void* data) {
  auto* self = static_cast<TokenSigner*>(data);
  const auto pool = self->pool_;
  self->End();
  pool->WaitForThreads(kEndWait);
}

// Lets go of the threads. Promises are left to the caller.
void TokenSigner::End() {
  pool_->Close();
  pool_ = nullptr;
  napi_release_threadsafe_function(report_, napi_tsfn_abort);
}

Napi::Value TokenSigner::Sign(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  TokenKey key;
  if (!ReadKey(env, info[0], &key)) return env.Undefined();
  if (!IsUint8Array(info[1])) {
    Napi::TypeError::New(env, "digests must be a Uint8Array").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  const auto digests = info[1].As<Napi::Uint8Array>();
  const size_t length = digests.ByteLength();
  if (length == 0 || length % key.digestOctets != 0 || length / key.digestOctets > kMostDigests) {
    Napi::TypeError::New(env, "digests must be 1 to 65536 times digestOctets long").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  const auto promise = Napi::Promise::Deferred::New(env);
  const auto batch = std::make_shared<Batch>(std::move(key), digests.Data(), length);
  if (pool_ == nullptr) {
    promise.Reject(ErrorOf(env, {"C_CloseSession", CKR_SESSION_CLOSED}));
  } else if (!pool_->Add(batch)) {
    promise.Reject(ErrorOf(env, {"pthread_create", CKR_HOST_MEMORY}));
  } else {
    if (pending_.empty()) {
      napi_ref_threadsafe_function(env, report_);
      Ref();  // what a thread reports to must not be collected
    }
    pending_.insert({batch.get(), {batch, promise}});
  }
  return promise.Promise();
}

// Sessions are closed by their threads; what is under way is rejected.
void TokenSigner::Close(const Napi::CallbackInfo& info) {
  if (pool_ == nullptr) return;
  Napi::Env env = info.Env();
  napi_remove_env_cleanup_hook(env, EndWithEnvironment, this);
  const bool hadPending = !pending_.empty();
  for (auto& [batch, pending] : pending_) pending.promise.Reject(ErrorOf(env, {"C_CloseSession", CKR_SESSION_CLOSED}));
  pending_.clear();
  End();
  if (hadPending) Unref();
}

// On the JavaScript thread, once a batch is done; env is nullptr if that thread is ending.
void TokenSigner::Deliver(napi_env raw, napi_value, void* data, void* reported) {
  const std::unique_ptr<BatchPtr> batch(static_cast<BatchPtr*>(reported));
  if (raw == nullptr) return;
  Napi::Env env(raw);
  Napi::HandleScope scope(env);
  auto* self = static_cast<TokenSigner*>(data);
  const auto found = self->pending_.find(batch->get());
  if (found == self->pending_.end()) return;
  const Napi::Promise::Deferred promise = found->second.promise;
  self->pending_.erase(found);
  const Batch& done = **batch;
  if (done.failed)
    promise.Reject(ErrorOf(env, done.fault));
  else
    promise.Resolve(Napi::Buffer<uint8_t>::Copy(env, done.signatures.data(), done.signatures.size()));
  if (!self->pending_.empty()) return;
  napi_unref_threadsafe_function(env, self->report_);
  self->Unref();
}

}  // namespace

void ExportTokenSigner(Napi::Env env, Napi::Object exports) { exports.Set("TokenSigner", TokenSigner::Define(env)); }

}  // namespace sekisho
