// Hands an accepted connection to a uWebSockets.js app whose binary has no adoptSocket of its own. Such a binary exports the
// C functions of uSockets that do it; they are looked up in the very file that Node has loaded.
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <v8.h>

#include <cstring>
#include <string>

#include "addon.h"

namespace sekisho {
namespace {

// Signatures of uSockets (libusockets.h).
using SocketContext = void* (*)(int ssl, void* socket);
using AdoptAcceptedSocket = void* (*)(int ssl, void* context, int fd, unsigned int extSize, char* ip, int ipLength);

// More than any release of uWebSockets keeps beside a socket (HttpResponseData, about 200 bytes); uSockets allocates it.
constexpr unsigned int kSocketExtSize = 4096;

// The same for every JavaScript environment of the process: one shared object is loaded once.
SocketContext socketContext = nullptr;
AdoptAcceptedSocket adoptAcceptedSocket = nullptr;

// findAdoption(path of the loaded .node file) -> whether adopt can be used
Napi::Value FindAdoption(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (!info[0].IsString()) {
    Napi::TypeError::New(env, "path must be a string").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  void* library = dlopen(info[0].As<Napi::String>().Utf8Value().c_str(), RTLD_NOW | RTLD_NOLOAD);
  if (library == nullptr) return Napi::Boolean::New(env, false);
  socketContext = reinterpret_cast<SocketContext>(dlsym(library, "us_socket_context"));
  adoptAcceptedSocket = reinterpret_cast<AdoptAcceptedSocket>(dlsym(library, "us_adopt_accepted_socket"));
  dlclose(library);  // Node's own reference keeps it loaded: add-ons are never unloaded on the main thread
  return Napi::Boolean::New(env, socketContext != nullptr && adoptAcceptedSocket != nullptr);
}

// The peer's 4 or 16 raw octets; 0 if it is gone already.
int PeerOctets(int fd, char octets[16]) {
  sockaddr_storage peer{};
  socklen_t length = sizeof peer;
  if (getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &length) == -1) return 0;
  const void* source = peer.ss_family == AF_INET6
                           ? static_cast<void*>(&reinterpret_cast<sockaddr_in6*>(&peer)->sin6_addr)
                           : static_cast<void*>(&reinterpret_cast<sockaddr_in*>(&peer)->sin_addr);
  const int count = peer.ss_family == AF_INET6 ? 16 : 4;
  memcpy(octets, source, static_cast<size_t>(count));
  return count;
}

// The us_listen_socket_t that uWebSockets.js wrapped with V8's own External. Node-API cannot read it: its externals hold a
// pointer to a wrapper. A napi_value is the V8 handle (node's js_native_api_v8.h).
void* ListenSocket(Napi::Value value) {
  const napi_value handle = value;
  v8::Local<v8::Value> local;
  static_assert(sizeof local == sizeof handle, "napi_value is a V8 handle");
  memcpy(static_cast<void*>(&local), &handle, sizeof local);
  return local.As<v8::External>()->Value();
}

// adopt(listenSocket, fd): listenSocket is what uWebSockets.js gives its listen callback. The app owns fd afterwards.
Napi::Value Adopt(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (!info[0].IsExternal()) {
    Napi::TypeError::New(env, "listenSocket must be a uWebSockets.js listen socket").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  const int fd = DescriptorArgument(info, 1);
  if (fd == -1) return env.Undefined();
  if (socketContext == nullptr || adoptAcceptedSocket == nullptr) {
    Napi::Error::New(env, "findAdoption has not found the functions").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  char ip[16];
  const int ipLength = PeerOctets(fd, ip);
  void* context = socketContext(0, ListenSocket(info[0]));
  adoptAcceptedSocket(0, context, fd, kSocketExtSize, ip, ipLength);
  return env.Undefined();
}

}  // namespace

void ExportAdopt(Napi::Env env, Napi::Object exports) {
  exports.Set("findAdoption", Napi::Function::New(env, FindAdoption, "findAdoption"));
  exports.Set("adopt", Napi::Function::New(env, Adopt, "adopt"));
}

}  // namespace sekisho
