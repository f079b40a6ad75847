#include "addon.h"

#include <uv.h>

#include <cmath>
#include <string>

namespace sekisho {

void ThrowSystemError(Napi::Env env, int error, const char* syscall) {
  char name[32];
  char text[128];
  uv_err_name_r(-error, name, sizeof name);
  uv_strerror_r(-error, text, sizeof text);
  Napi::Error thrown = Napi::Error::New(env, std::string(syscall) + " " + name + ": " + text);
  thrown.Set("code", Napi::String::New(env, name));
  thrown.Set("syscall", Napi::String::New(env, syscall));
  thrown.ThrowAsJavaScriptException();
}

int64_t IntegerArgument(Napi::Env env, Napi::Value value, int64_t least, int64_t most, const char* what) {
  const double number = value.IsNumber() ? value.As<Napi::Number>().DoubleValue() : std::nan("");
  if (std::trunc(number) == number && number >= static_cast<double>(least) && number <= static_cast<double>(most))
    return static_cast<int64_t>(number);
  Napi::TypeError::New(env, std::string(what) + " must be a whole number from " + std::to_string(least) + " to " +
                                std::to_string(most))
      .ThrowAsJavaScriptException();
  return -1;
}

bool IsUint8Array(Napi::Value value) {
  return value.IsTypedArray() && value.As<Napi::TypedArray>().TypedArrayType() == napi_uint8_array;
}

int DescriptorArgument(const Napi::CallbackInfo& info, size_t index) {
  return static_cast<int>(IntegerArgument(info.Env(), info[index], 0, INT32_MAX, "fd"));
}

}  // namespace sekisho

static Napi::Object Init(Napi::Env env, Napi::Object exports) {
  sekisho::ExportListen(env, exports);
  sekisho::ExportAcceptor(env, exports);
  sekisho::ExportAdopt(env, exports);
  sekisho::ExportBootClock(env, exports);
  sekisho::ExportEcKey(env, exports);
  sekisho::ExportLanes(env, exports);
  sekisho::ExportMappedFile(env, exports);
  sekisho::ExportRsaKey(env, exports);
  sekisho::ExportTokenSigner(env, exports);
  return exports;
}

NODE_API_MODULE(NODE_GYP_MODULE_NAME, Init)
