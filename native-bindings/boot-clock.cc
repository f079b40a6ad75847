// Time since boot, suspend included, which Node reads from a file in /proc each time.
#include <napi.h>
#include <time.h>

#include "addon.h"

namespace sekisho {
namespace {

// bootMilliseconds() -> number
Napi::Value BootMilliseconds(const Napi::CallbackInfo& info) {
  timespec now = {};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return Napi::Number::New(info.Env(), static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6);
}

}  // namespace

void ExportBootClock(Napi::Env env, Napi::Object exports) {
  exports.Set("bootMilliseconds", Napi::Function::New(env, BootMilliseconds, "bootMilliseconds"));
}

}  // namespace sekisho
