#include "batch-signer.h"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "addon.h"

namespace sekisho {
namespace {

constexpr int64_t kMostThreads = 256;
constexpr size_t kMostInputOctets = 128;
constexpr size_t kMostInputs = 65536;
// How long the end of a JavaScript thread waits for signatures under way; a call that hangs is left behind.
constexpr auto kCloseWait = std::chrono::seconds(1);

struct Batch {
  Batch(Napi::Env env, const uint8_t* bytes, size_t length, size_t octets)
      : inputs(bytes, bytes + length), inputOctets(octets), signatures(length / octets), promise(env) {}

  const Octets inputs;
  const size_t inputOctets;
  std::vector<Octets> signatures;
  std::atomic<size_t> done{0};
  std::atomic<bool> failed{false};
  std::string fault;  // written by the one that sets `failed`
  size_t next = 0;    // under the pool's mutex
  Napi::Promise::Deferred promise;
};

// What threads and JavaScript share. It outlives both: a thread in a call that hangs may be the last to let go.
struct Pool {
  OpenSession open;
  std::mutex mutex;
  std::condition_variable wake, ended;
  std::deque<std::shared_ptr<Batch>> queue;
  size_t threads = 0;
  bool closed = false;
  napi_threadsafe_function report = nullptr;  // until closed
};

using Work = std::pair<std::shared_ptr<Batch>, size_t>;

// The next digest to sign; {nullptr, 0} once the pool is closed.
Work TakeWork(Pool* pool) {
  std::unique_lock lock(pool->mutex);
  pool->wake.wait(lock, [&] { return pool->closed || !pool->queue.empty(); });
  if (pool->closed) return {nullptr, 0};
  std::shared_ptr<Batch> batch = pool->queue.front();
  const size_t index = batch->next++;
  if (batch->next == batch->signatures.size()) pool->queue.pop_front();
  return {batch, index};
}

void SignOne(Pool* pool, std::unique_ptr<SigningSession>* session, Batch* batch, size_t index) {
  std::string fault;
  if (*session == nullptr) *session = pool->open(&fault);
  if (*session != nullptr)
    fault = (*session)->Sign(&batch->inputs[index * batch->inputOctets], batch->inputOctets, &batch->signatures[index]);
  if (fault.empty()) return;
  session->reset();
  if (!batch->failed.exchange(true)) batch->fault = fault;
}

void Report(Pool* pool, const std::shared_ptr<Batch>& batch) {
  std::lock_guard lock(pool->mutex);
  if (pool->closed) return;
  auto* data = new std::shared_ptr<Batch>(batch);
  if (napi_call_threadsafe_function(pool->report, data, napi_tsfn_nonblocking) != napi_ok) delete data;
}

void RunThread(std::shared_ptr<Pool> pool) {
  {
    std::unique_ptr<SigningSession> session;
    for (Work work = TakeWork(pool.get()); work.first != nullptr; work = TakeWork(pool.get())) {
      const auto& [batch, index] = work;
      // After a fault the batch is lost: nobody needs the rest of its signatures.
      if (!batch->failed) SignOne(pool.get(), &session, batch.get(), index);
      if (++batch->done == batch->signatures.size()) Report(pool.get(), batch);
    }
  }
  std::lock_guard lock(pool->mutex);
  pool->threads--;
  pool->ended.notify_all();
}

Napi::Value Signatures(Napi::Env env, const Batch& batch) {
  Napi::Array result = Napi::Array::New(env, batch.signatures.size());
  for (size_t i = 0; i < batch.signatures.size(); i++)
    result[i] = Napi::Buffer<uint8_t>::Copy(env, batch.signatures[i].data(), batch.signatures[i].size());
  return result;
}

// JavaScript: new BatchSigner(threads, source); sign(inputs, inputOctets) -> Promise<Uint8Array[]>.
class BatchSigner : public Napi::ObjectWrap<BatchSigner> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "BatchSigner", {InstanceMethod("sign", &BatchSigner::Sign)});
  }

  explicit BatchSigner(const Napi::CallbackInfo& info) : Napi::ObjectWrap<BatchSigner>(info), env_(info.Env()) {
    const int64_t threads = IntegerArgument(env_, info[0], 1, kMostThreads, "threads");
    if (threads == -1) return;
    if (!info[1].IsObject()) {
      Napi::TypeError::New(env_, "expected what to sign with").ThrowAsJavaScriptException();
      return;
    }
    Napi::Object source = info[1].As<Napi::Object>();
    OpenSession open = source.Has("module") ? Pkcs11Sessions(source) : OpensslSessions(source);
    if (open == nullptr) return;
    most_ = static_cast<size_t>(threads);
    pool_ = std::make_shared<Pool>();
    pool_->open = std::move(open);
    napi_value name = Napi::String::New(env_, "BatchSigner");
    napi_create_threadsafe_function(env_, nullptr, nullptr, name, 0, 1, nullptr, nullptr, this, Deliver, &pool_->report);
    napi_unref_threadsafe_function(env_, pool_->report);
    napi_add_env_cleanup_hook(env_, CloseHook, this);
  }

  ~BatchSigner() override {
    if (pool_ == nullptr) return;
    napi_remove_env_cleanup_hook(env_, CloseHook, this);
    Close();
  }

 private:
  static void CloseHook(void* self) { static_cast<BatchSigner*>(self)->Close(); }

  void Close() {
    std::unique_lock lock(pool_->mutex);
    if (pool_->closed) return;
    pool_->closed = true;
    pool_->queue.clear();
    pool_->wake.notify_all();
    pool_->ended.wait_for(lock, kCloseWait, [this] { return pool_->threads == 0; });
    napi_release_threadsafe_function(pool_->report, napi_tsfn_abort);
  }

  Napi::Value Sign(const Napi::CallbackInfo& info) {
    if (!info[0].IsTypedArray() || info[0].As<Napi::TypedArray>().TypedArrayType() != napi_uint8_array) {
      Napi::TypeError::New(env_, "inputs must be a Uint8Array").ThrowAsJavaScriptException();
      return env_.Undefined();
    }
    const auto inputs = info[0].As<Napi::Uint8Array>();
    const int64_t octets = IntegerArgument(env_, info[1], 1, kMostInputOctets, "inputOctets");
    if (octets == -1) return env_.Undefined();
    const size_t length = inputs.ByteLength();
    const size_t each = static_cast<size_t>(octets);
    if (length == 0 || length % each != 0 || length / each > kMostInputs) {
      Napi::TypeError::New(env_, "inputs must be 1 to 65536 times inputOctets long").ThrowAsJavaScriptException();
      return env_.Undefined();
    }
    auto batch = std::make_shared<Batch>(env_, inputs.Data(), length, each);
    if (pending_++ == 0) napi_ref_threadsafe_function(env_, pool_->report);
    Enqueue(batch);
    return batch->promise.Promise();
  }

  void Enqueue(const std::shared_ptr<Batch>& batch) {
    std::lock_guard lock(pool_->mutex);
    pool_->queue.push_back(batch);
    while (pool_->threads < most_ && pool_->threads < batch->signatures.size()) {
      pool_->threads++;
      std::thread(RunThread, pool_).detach();
    }
    pool_->wake.notify_all();
  }

  // On the JavaScript thread, once a batch is done; env is nullptr if that thread is ending.
  static void Deliver(napi_env raw, napi_value, void* self, void* data) {
    const std::unique_ptr<std::shared_ptr<Batch>> batch(static_cast<std::shared_ptr<Batch>*>(data));
    if (raw == nullptr) return;
    Napi::Env env(raw);
    Napi::HandleScope scope(env);
    auto* signer = static_cast<BatchSigner*>(self);
    if (--signer->pending_ == 0) napi_unref_threadsafe_function(env, signer->pool_->report);
    Batch& done = **batch;
    if (done.failed)
      done.promise.Reject(Napi::Error::New(env, done.fault).Value());
    else
      done.promise.Resolve(Signatures(env, done));
  }

  Napi::Env env_;
  size_t most_ = 0;
  size_t pending_ = 0;
  std::shared_ptr<Pool> pool_;
};

}  // namespace

bool ReadOctets(Napi::Object source, const char* name, size_t most, Octets* out) {
  const Napi::Value value = source.Get(name);
  if (value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array) {
    const auto octets = value.As<Napi::Uint8Array>();
    if (octets.ByteLength() >= 1 && octets.ByteLength() <= most) {
      out->assign(octets.Data(), octets.Data() + octets.ByteLength());
      return true;
    }
  }
  Napi::TypeError::New(source.Env(), std::string(name) + " must be a Uint8Array of 1 to " + std::to_string(most) + " octets")
      .ThrowAsJavaScriptException();
  return false;
}

void ExportBatchSigner(Napi::Env env, Napi::Object exports) { exports.Set("BatchSigner", BatchSigner::Define(env)); }

}  // namespace sekisho
