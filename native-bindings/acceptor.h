// Accepts connections on libuv's loop and finds out, without consuming a byte, which transport each one belongs to.
#pragma once

#include <napi.h>
#include <uv.h>

#include <list>
#include <vector>

#include "peer-table.h"

namespace sekisho {

struct AcceptorLimits {
  uint32_t maxHeadBytes;
  uint32_t maxBodyBytes;
  uint32_t headTimeoutMs;
  uint32_t maxConnectionsPerPeer;
  uint32_t maxWaiting;
};

enum class Kind { kPlain, kOther, kExpired };

// JavaScript: new Acceptor(fd, limits, callback(fd, kind)); close(). It owns the listening descriptor from then on, and each
// accepted descriptor until the callback gets it.
class Acceptor : public Napi::ObjectWrap<Acceptor> {
 public:
  static Napi::Function Define(Napi::Env env);
  explicit Acceptor(const Napi::CallbackInfo& info);

 private:
  // A connection whose head is not whole yet.
  struct Waiting {
    uv_poll_t poll;
    Acceptor* owner;
    int fd;
    uint32_t have;
    uint32_t segments;
    uint64_t deadlineMs;
    std::list<Waiting*>::iterator place;
  };
  enum class Look { kIncomplete, kPlain, kOther, kGone };

  bool Start(Napi::Env env, int fd);
  void Close(const Napi::CallbackInfo& info);
  void Shut();

  void AcceptAll();
  bool AcceptOne();
  void PauseAccepting();
  void ResumeAccepting();
  void Consider(int fd);
  Look Peek(int fd, uint32_t* have);
  void Wait(int fd, uint32_t have);
  void Progress(Waiting* waiting);
  void Release(Waiting* waiting);
  void Drop(int fd);
  void DeliverPlain(int fd);
  void Deliver(int fd, Kind kind);
  void CheckDeadlines();
  void HandleClosed();

  AcceptorLimits limits_{};
  PeerTable peers_{0};
  Napi::FunctionReference callback_;
  napi_async_cleanup_hook_handle cleanup_ = nullptr;
  uv_loop_t* loop_ = nullptr;
  int listening_ = -1;
  uv_poll_t acceptPoll_;
  uv_timer_t resume_;
  uv_timer_t deadlines_;
  std::list<Waiting*> waiting_;  // in order of their deadlines
  std::vector<char> peeked_;
  uint32_t openHandles_ = 0;
  bool shut_ = false;
};

}  // namespace sekisho
