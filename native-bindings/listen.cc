// The listening socket. Ours, because uWebSockets.js and many others set SO_REUSEPORT, with which a second process takes
// a share of the connections silently instead of failing with EADDRINUSE.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "addon.h"

namespace sekisho {
namespace {

// Octets that the kernel holds of an answer before they are on their way; connections inherit it from the listening
// socket. Without it a slow download fills a send buffer of up to 4 MiB, and hears that it may go on when a third of that
// is gone.
constexpr int kMostUnsent = 128 * 1024;

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

bool ParseAddress(const std::string& host, uint16_t port, Address* out) {
  auto* v4 = reinterpret_cast<sockaddr_in*>(&out->storage);
  if (inet_pton(AF_INET, host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(port);
    out->length = sizeof(sockaddr_in);
    return true;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&out->storage);
  if (inet_pton(AF_INET6, host.c_str(), &v6->sin6_addr) != 1) return false;
  v6->sin6_family = AF_INET6;
  v6->sin6_port = htons(port);
  out->length = sizeof(sockaddr_in6);
  return true;
}

// Name of the system call that failed, or nullptr. errno is the failure's.
const char* Open(const Address& address, int backlog, int* fd) {
  *fd = socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (*fd == -1) return "socket";
  const int on = 1;
  if (setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1) return "setsockopt";
  if (setsockopt(*fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kMostUnsent, sizeof kMostUnsent) == -1) return "setsockopt";
  if (bind(*fd, reinterpret_cast<const sockaddr*>(&address.storage), address.length) == -1) return "bind";
  if (listen(*fd, backlog) == -1) return "listen";
  return nullptr;
}

uint16_t BoundPort(int fd) {
  Address bound;
  bound.length = sizeof bound.storage;
  getsockname(fd, reinterpret_cast<sockaddr*>(&bound.storage), &bound.length);
  // sin_port and sin6_port lie at the same offset.
  return ntohs(reinterpret_cast<sockaddr_in*>(&bound.storage)->sin_port);
}

// listen(host, port, backlog) -> {fd, port}
Napi::Value Listen(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (!info[0].IsString()) {
    Napi::TypeError::New(env, "host must be a string").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  const int64_t port = IntegerArgument(env, info[1], 0, 65535, "port");
  if (port == -1) return env.Undefined();
  const int64_t backlog = IntegerArgument(env, info[2], 1, 65535, "backlog");
  if (backlog == -1) return env.Undefined();
  Address address;
  if (!ParseAddress(info[0].As<Napi::String>().Utf8Value(), static_cast<uint16_t>(port), &address)) {
    Napi::TypeError::New(env, "host must be an IPv4 or IPv6 address").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  int fd = -1;
  if (const char* failed = Open(address, static_cast<int>(backlog), &fd)) {
    const int error = errno;
    if (fd != -1) close(fd);
    ThrowSystemError(env, error, failed);
    return env.Undefined();
  }
  Napi::Object result = Napi::Object::New(env);
  result.Set("fd", Napi::Number::New(env, fd));
  result.Set("port", Napi::Number::New(env, BoundPort(fd)));
  return result;
}

}  // namespace

void ExportListen(Napi::Env env, Napi::Object exports) {
  exports.Set("listen", Napi::Function::New(env, Listen, "listen"));
}

}  // namespace sekisho
