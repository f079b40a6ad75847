#include "session-pool.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>

namespace sekisho {

bool SessionPool::Add(const BatchPtr& batch) {
  std::lock_guard lock(mutex_);
  const size_t wanted = std::min(most_, threads_ - idle_ + queue_.size() + batch->count);
  while (threads_ < wanted && StartThread()) continue;
  if (threads_ == 0) return false;
  for (size_t i = 0; i < batch->count; i++) queue_.push_back({batch, i});
  // Not all of them: each that wakes for nothing costs as much as a signature.
  for (size_t i = 0; i < std::min(batch->count, idle_); i++) wake_.notify_one();
  return true;
}

void SessionPool::Close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  queue_.clear();
  done_ = nullptr;
  wake_.notify_all();
}

bool SessionPool::WaitForThreads(std::chrono::milliseconds time) {
  std::unique_lock lock(mutex_);
  return ended_.wait_for(lock, time, [this] { return threads_ == 0; });
}

bool SessionPool::StartThread() {
  auto* self = new std::shared_ptr<SessionPool>(shared_from_this());
  pthread_t thread;
  if (pthread_create(&thread, nullptr, RunThread, self) != 0) {
    delete self;
    return false;
  }
  pthread_detach(thread);
  threads_++;
  return true;
}

void* SessionPool::RunThread(void* data) {
  const std::unique_ptr<std::shared_ptr<SessionPool>> pool(static_cast<std::shared_ptr<SessionPool>*>(data));
  (*pool)->Run();
  return nullptr;
}

void SessionPool::Run() {
  {
    Place place;
    Work work;
    while (Take(&work)) {
      if (Perform(work, &place))
        Finish(work);
      else if (PutBack(work))
        break;
    }
    GiveUp(&place);
  }
  std::lock_guard lock(mutex_);
  threads_--;
  ended_.notify_all();
}

// The next digest to sign; false once the pool is closed.
bool SessionPool::Take(Work* work) {
  std::unique_lock lock(mutex_);
  idle_++;
  wake_.wait(lock, [this] { return closed_ || !queue_.empty(); });
  idle_--;
  if (closed_) return false;
  *work = std::move(queue_.front());
  queue_.pop_front();
  work->generation = generation_;
  return true;
}

// Signs one digest or fails its batch; false if the token has no session left for this thread but others have theirs.
bool SessionPool::Perform(const Work& work, Place* place) {
  Batch& batch = *work.batch;
  // After a fault nobody needs the rest of the batch.
  if (batch.failed) return true;
  if (place->session != nullptr && (place->generation != work.generation || place->session->slot() != batch.key.slot))
    GiveUp(place);
  Fault fault;
  if (place->session == nullptr) {
    place->session = TokenSession::Open(functions_, batch.key.slot, &fault);
    place->generation = work.generation;
    std::lock_guard lock(mutex_);
    if (place->session != nullptr)
      sessions_++;
    else if (fault.value == CKR_SESSION_COUNT && sessions_ > 0)
      return false;
  }
  if (place->session != nullptr)
    fault = place->session->Sign(batch.key, &batch.digests[work.index * batch.key.digestOctets],
                                 &batch.signatures[work.index * batch.key.signatureOctets]);
  if (!fault) return true;
  GiveUp(place);
  if (!batch.failed.exchange(true)) batch.fault = fault;
  // What ended one session, or its login, has often ended all: they are opened anew before they sign again.
  std::lock_guard lock(mutex_);
  if (generation_ == work.generation) generation_++;
  return true;
}

// Leaves work to the threads that have a session, of which there are not to be more; false if they have all gone.
bool SessionPool::PutBack(const Work& work) {
  std::lock_guard lock(mutex_);
  queue_.push_front(work);
  if (sessions_ == 0) return false;
  most_ = sessions_;
  wake_.notify_one();
  return true;
}

void SessionPool::GiveUp(Place* place) {
  if (place->session == nullptr) return;
  place->session.reset();
  std::lock_guard lock(mutex_);
  sessions_--;
}

void SessionPool::Finish(const Work& work) {
  if (++work.batch->done != work.batch->count) return;
  std::lock_guard lock(mutex_);
  if (done_ != nullptr) done_(work.batch);
}

}  // namespace sekisho
