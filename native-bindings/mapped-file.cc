// A file's first bytes as memory that processes share: the journal position (8 bytes) is read before every cached answer.
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "addon.h"

namespace sekisho {
namespace {

constexpr int64_t kMostBytes = 1 << 20;

// Name of the system call that failed, or nullptr. `memory` stays nullptr if the file is too small or not a regular file.
const char* Map(const std::string& path, size_t bytes, bool writable, void** memory) {
  const int fd = open(path.c_str(), (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NONBLOCK);
  if (fd == -1) return "open";
  const char* failed = nullptr;
  struct stat status;
  if (fstat(fd, &status) == -1) {
    failed = "fstat";
  } else if (S_ISREG(status.st_mode) && status.st_size >= static_cast<off_t>(bytes)) {
    void* mapped = mmap(nullptr, bytes, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
    if (mapped == MAP_FAILED)
      failed = "mmap";
    else
      *memory = mapped;
  }
  const int error = errno;
  close(fd);  // the mapping keeps the file
  errno = error;
  return failed;
}

// mapFile(path, bytes, writable) -> ArrayBuffer
Napi::Value MapFile(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (!info[0].IsString() || !info[2].IsBoolean()) {
    Napi::TypeError::New(env, "path must be a string and writable a boolean").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  const int64_t bytes = IntegerArgument(env, info[1], 1, kMostBytes, "bytes");
  if (bytes == -1) return env.Undefined();
  const std::string path = info[0].As<Napi::String>().Utf8Value();
  void* memory = nullptr;
  if (const char* failed = Map(path, static_cast<size_t>(bytes), info[2].As<Napi::Boolean>(), &memory)) {
    ThrowSystemError(env, errno, failed);
    return env.Undefined();
  }
  if (memory == nullptr) {
    Napi::TypeError::New(env, "path must name a regular file of at least that size").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  const auto unmap = [](Napi::Env, void* data, size_t* length) {
    munmap(data, *length);
    delete length;
  };
  return Napi::ArrayBuffer::New(env, memory, static_cast<size_t>(bytes), unmap, new size_t(static_cast<size_t>(bytes)));
}

}  // namespace

void ExportMappedFile(Napi::Env env, Napi::Object exports) {
  exports.Set("mapFile", Napi::Function::New(env, MapFile, "mapFile"));
}

}  // namespace sekisho
