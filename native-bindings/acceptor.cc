#include "acceptor.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>

#include "addon.h"
#include "head-verdict.h"

namespace sekisho {
namespace {

// Connections taken in one turn of the loop, so that a flood of them does not starve the requests of others.
constexpr int kMostAcceptsATurn = 64;
// How long accepting pauses when the process is out of descriptors or the kernel out of memory.
constexpr uint64_t kResumeAfterMs = 100;
constexpr uint64_t kDeadlineCheckMs = 100;
// A head in more pieces goes to our own transport: each piece costs a look at the whole head here, but not there.
constexpr uint32_t kMostSegments = 16;

void SetOption(int fd, int level, int option, int value) { setsockopt(fd, level, option, &value, sizeof value); }

const char* KindName(Kind kind) {
  switch (kind) {
    case Kind::kPlain:
      return "plain";
    case Kind::kExpired:
      return "expired";
    default:
      return "other";
  }
}

template <typename Handle>
uv_handle_t* AsHandle(Handle* handle) {
  return reinterpret_cast<uv_handle_t*>(handle);
}

// A number of the limits object; throws TypeError and returns false if it is missing or unfit.
bool ReadLimit(Napi::Object limits, const char* name, int64_t most, uint32_t* out) {
  const int64_t value = IntegerArgument(limits.Env(), limits.Get(name), 1, most, name);
  if (value == -1) return false;
  *out = static_cast<uint32_t>(value);
  return true;
}

}  // namespace

Napi::Function Acceptor::Define(Napi::Env env) {
  return DefineClass(env, "Acceptor", {InstanceMethod("close", &Acceptor::Close)});
}

Acceptor::Acceptor(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Acceptor>(info) {
  Napi::Env env = info.Env();
  const int fd = DescriptorArgument(info, 0);
  if (fd == -1) return;
  if (!info[1].IsObject() || !info[2].IsFunction()) {
    Napi::TypeError::New(env, "expected limits and a callback").ThrowAsJavaScriptException();
    return;
  }
  Napi::Object limits = info[1].As<Napi::Object>();
  if (!ReadLimit(limits, "maxHeadBytes", 1 << 20, &limits_.maxHeadBytes) ||
      !ReadLimit(limits, "maxBodyBytes", INT32_MAX, &limits_.maxBodyBytes) ||
      !ReadLimit(limits, "headTimeoutMs", 3'600'000, &limits_.headTimeoutMs) ||
      !ReadLimit(limits, "maxConnectionsPerPeer", INT32_MAX, &limits_.maxConnectionsPerPeer) ||
      !ReadLimit(limits, "maxWaiting", INT32_MAX, &limits_.maxWaiting))
    return;
  peers_ = PeerTable(limits_.maxConnectionsPerPeer);
  peeked_.resize(limits_.maxHeadBytes);
  callback_ = Napi::Persistent(info[2].As<Napi::Function>());
  Start(env, fd);
}

bool Acceptor::Start(Napi::Env env, int fd) {
  int listens = 0;
  socklen_t length = sizeof listens;
  if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &length) == -1 || listens == 0) {
    Napi::TypeError::New(env, "fd must be a listening socket").ThrowAsJavaScriptException();
    return false;
  }
  napi_get_uv_event_loop(env, &loop_);
  if (const int error = uv_poll_init(loop_, &acceptPoll_, fd)) {
    ThrowSystemError(env, -error, "uv_poll_init");
    return false;
  }
  listening_ = fd;
  uv_timer_init(loop_, &resume_);
  uv_timer_init(loop_, &deadlines_);
  openHandles_ = 3;
  acceptPoll_.data = resume_.data = deadlines_.data = this;
  ResumeAccepting();
  // The loop must not end before the handles are closed, also when the environment (a worker) is torn down.
  napi_add_async_cleanup_hook(
      env, [](napi_async_cleanup_hook_handle, void* data) { static_cast<Acceptor*>(data)->Shut(); }, this, &cleanup_);
  Ref();  // while its handles are open
  return true;
}

// Whoever has connected may be about to send: such a connection is not closed but handed over as it is.
void Acceptor::Close(const Napi::CallbackInfo&) {
  if (shut_ || listening_ == -1) return;
  while (!waiting_.empty()) {
    Waiting* waiting = waiting_.front();
    const int fd = waiting->fd;
    Release(waiting);
    Deliver(fd, Kind::kOther);
  }
  Shut();
}

void Acceptor::Shut() {
  if (shut_ || listening_ == -1) return;
  shut_ = true;
  const auto closed = [](uv_handle_t* handle) { static_cast<Acceptor*>(handle->data)->HandleClosed(); };
  uv_poll_stop(&acceptPoll_);
  uv_close(AsHandle(&acceptPoll_), closed);
  uv_close(AsHandle(&resume_), closed);
  uv_close(AsHandle(&deadlines_), closed);
  close(listening_);
  while (!waiting_.empty()) {
    Waiting* waiting = waiting_.front();
    const int fd = waiting->fd;
    Release(waiting);
    close(fd);
  }
}

// The last closed handle ends the acceptor's life.
void Acceptor::HandleClosed() {
  if (--openHandles_ > 0) return;
  const napi_async_cleanup_hook_handle cleanup = cleanup_;
  Napi::HandleScope scope(callback_.Env());
  callback_.Reset();
  Unref();
  napi_remove_async_cleanup_hook(cleanup);  // last: at the environment's end this may delete the object
}

void Acceptor::AcceptAll() {
  for (int i = 0; i < kMostAcceptsATurn && !shut_; i++)
    if (!AcceptOne()) return;
}

// False when there is nothing more to accept now.
bool Acceptor::AcceptOne() {
  sockaddr_storage peer{};
  socklen_t length = sizeof peer;
  const int fd = accept4(listening_, reinterpret_cast<sockaddr*>(&peer), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd == -1) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) PauseAccepting();
    // Other errors belong to one connection that is gone already (accept(2)).
    return errno == ECONNABORTED || errno == EINTR || errno == EPROTO;
  }
  if (!peers_.Admit(fd, peer, uv_now(loop_))) {
    close(fd);
    return true;
  }
  SetOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  Consider(fd);
  return true;
}

// Connections wait in the backlog meanwhile; the readable listener would otherwise wake the loop without end.
void Acceptor::PauseAccepting() {
  uv_poll_stop(&acceptPoll_);
  uv_timer_start(
      &resume_, [](uv_timer_t* timer) { static_cast<Acceptor*>(timer->data)->ResumeAccepting(); }, kResumeAfterMs, 0);
}

void Acceptor::ResumeAccepting() {
  uv_poll_start(&acceptPoll_, UV_READABLE,
                [](uv_poll_t* poll, int, int) { static_cast<Acceptor*>(poll->data)->AcceptAll(); });
}

// A new connection: often its request is there already.
void Acceptor::Consider(int fd) {
  uint32_t have = 0;
  switch (Peek(fd, &have)) {
    case Look::kGone:
      return Drop(fd);
    case Look::kPlain:
      return DeliverPlain(fd);
    case Look::kOther:
      return Deliver(fd, Kind::kOther);
    case Look::kIncomplete:
      return waiting_.size() < limits_.maxWaiting ? Wait(fd, have) : Drop(fd);
  }
}

// Looks at what has arrived. `have` is what the last look saw and is brought up to date.
Acceptor::Look Acceptor::Peek(int fd, uint32_t* have) {
  const ssize_t seen = recv(fd, peeked_.data(), peeked_.size(), MSG_PEEK | MSG_DONTWAIT);
  if (seen == -1) return errno == EAGAIN || errno == EINTR ? Look::kIncomplete : Look::kGone;
  if (seen == 0) return Look::kGone;
  const auto size = static_cast<uint32_t>(seen);
  // Woken without a new byte: the peer has closed its side. Our own transport reads what there is and then the end.
  if (size == *have || size == limits_.maxHeadBytes) {
    const bool whole = JudgeHead({peeked_.data(), size}, limits_.maxBodyBytes) == HeadVerdict::kPlain;
    return whole ? Look::kPlain : Look::kOther;
  }
  *have = size;
  switch (JudgeHead({peeked_.data(), size}, limits_.maxBodyBytes)) {
    case HeadVerdict::kPlain:
      return Look::kPlain;
    case HeadVerdict::kOther:
      return Look::kOther;
    default:
      return Look::kIncomplete;
  }
}

void Acceptor::Wait(int fd, uint32_t have) {
  auto* waiting = new Waiting{};
  if (uv_poll_init(loop_, &waiting->poll, fd) != 0) {
    delete waiting;
    return Drop(fd);
  }
  waiting->poll.data = waiting;
  waiting->owner = this;
  waiting->fd = fd;
  waiting->have = have;
  waiting->deadlineMs = uv_now(loop_) + limits_.headTimeoutMs;
  waiting->place = waiting_.insert(waiting_.end(), waiting);
  openHandles_++;
  // Readable only once there is a byte that has not been seen: the poll is level-triggered and nothing is consumed.
  SetOption(fd, SOL_SOCKET, SO_RCVLOWAT, static_cast<int>(have) + 1);
  uv_poll_start(&waiting->poll, UV_READABLE, [](uv_poll_t* poll, int, int) {
    auto* self = static_cast<Waiting*>(poll->data);
    self->owner->Progress(self);
  });
  if (waiting_.size() == 1)
    uv_timer_start(
        &deadlines_, [](uv_timer_t* timer) { static_cast<Acceptor*>(timer->data)->CheckDeadlines(); },
        kDeadlineCheckMs, kDeadlineCheckMs);
}

void Acceptor::Progress(Waiting* waiting) {
  const int fd = waiting->fd;
  const uint32_t before = waiting->have;
  Look look = Peek(fd, &waiting->have);
  if (look == Look::kIncomplete && waiting->have != before && ++waiting->segments == kMostSegments)
    look = Look::kOther;
  if (look == Look::kIncomplete) {
    SetOption(fd, SOL_SOCKET, SO_RCVLOWAT, static_cast<int>(waiting->have) + 1);
    return;
  }
  Release(waiting);
  if (look == Look::kGone) return Drop(fd);
  look == Look::kPlain ? DeliverPlain(fd) : Deliver(fd, Kind::kOther);
}

// Takes a connection off the list and its descriptor off the loop. The descriptor stays open.
void Acceptor::Release(Waiting* waiting) {
  waiting_.erase(waiting->place);
  if (waiting_.empty() && !shut_) uv_timer_stop(&deadlines_);
  uv_poll_stop(&waiting->poll);
  uv_close(AsHandle(&waiting->poll), [](uv_handle_t* handle) {
    auto* self = static_cast<Waiting*>(handle->data);
    Acceptor* owner = self->owner;
    delete self;
    owner->HandleClosed();
  });
}

void Acceptor::Drop(int fd) {
  peers_.Forget(fd);
  close(fd);
}

// uWebSockets drops a request under way when the peer has closed its side, which clients may do once it is sent.
void Acceptor::DeliverPlain(int fd) {
  tcp_info tcp;
  socklen_t length = sizeof tcp;
  const bool known = getsockopt(fd, IPPROTO_TCP, TCP_INFO, &tcp, &length) == 0;
  Deliver(fd, known && tcp.tcpi_state == TCP_CLOSE_WAIT ? Kind::kOther : Kind::kPlain);
}

void Acceptor::Deliver(int fd, Kind kind) {
  SetOption(fd, SOL_SOCKET, SO_RCVLOWAT, 1);
  Napi::Env env = callback_.Env();
  Napi::HandleScope scope(env);
  callback_.MakeCallback(env.Global(), {Napi::Number::New(env, fd), Napi::String::New(env, KindName(kind))});
  // What the callback throws is the process's uncaught exception, as for any event of Node's own.
  if (env.IsExceptionPending()) napi_fatal_exception(env, env.GetAndClearPendingException().Value());
}

// A connection that never sent a byte is closed without an answer.
void Acceptor::CheckDeadlines() {
  const uint64_t now = uv_now(loop_);
  while (!waiting_.empty() && waiting_.front()->deadlineMs <= now) {
    Waiting* waiting = waiting_.front();
    const int fd = waiting->fd;
    const bool silent = waiting->have == 0;
    Release(waiting);
    if (silent)
      Drop(fd);
    else
      Deliver(fd, Kind::kExpired);
  }
}

void ExportAcceptor(Napi::Env env, Napi::Object exports) { exports.Set("Acceptor", Acceptor::Define(env)); }

}  // namespace sekisho
