// Native threads that sign, each with a token session of its own: a network HSM that takes milliseconds a signature is
// kept busy by tens of them.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "token-session.h"

namespace sekisho {

// Digests to be signed with one key, laid end to end.
struct Batch {
  Batch(TokenKey key, const uint8_t* bytes, size_t length)
      : key(std::move(key)),
        digests(bytes, bytes + length),
        count(length / this->key.digestOctets),
        signatures(count * this->key.signatureOctets) {}

  const TokenKey key;
  const Octets digests;
  const size_t count;
  Octets signatures;
  std::atomic<size_t> done{0};
  std::atomic<bool> failed{false};
  Fault fault;  // written by the thread that sets `failed`
};

using BatchPtr = std::shared_ptr<Batch>;

// It outlives whoever made it: a thread inside a call that hangs may be the last to let go.
class SessionPool : public std::enable_shared_from_this<SessionPool> {
 public:
  // `done` is called in the pool's threads, once a batch, until the pool is closed and never while `Close` runs or after.
  SessionPool(CK_FUNCTION_LIST_PTR functions, size_t most, std::function<void(const BatchPtr&)> done)
      : functions_(functions), most_(most), done_(std::move(done)) {}

  // Signs a batch on up to `most` threads. False if there is none and none can be started.
  bool Add(const BatchPtr& batch);
  // Nothing is signed from now on but what threads are inside of. They give their sessions up as soon as they return.
  void Close();
  // Waits until no thread is inside a call; false if there still is one after that time.
  bool WaitForThreads(std::chrono::milliseconds time);

 private:
  struct Work {
    BatchPtr batch;
    size_t index = 0;
    uint64_t generation = 0;
  };
  // One thread's session.
  struct Place {
    std::unique_ptr<TokenSession> session;
    uint64_t generation = 0;
  };

  bool StartThread();
  static void* RunThread(void* pool);
  void Run();
  bool Take(Work* work);
  bool PutBack(const Work& work);
  bool Perform(const Work& work, Place* place);
  void GiveUp(Place* place);
  void Finish(const Work& work);

  CK_FUNCTION_LIST_PTR const functions_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable wake_, ended_;
  std::deque<Work> queue_;
  size_t most_;
  size_t threads_ = 0;
  size_t idle_ = 0;
  size_t sessions_ = 0;
  uint64_t generation_ = 0;  // of sessions; after a fault those of earlier ones are given up
  bool closed_ = false;
  std::function<void(const BatchPtr&)> done_;
};

}  // namespace sekisho
