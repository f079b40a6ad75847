// Which kind of lanes this processor has, and what is computed in them.
#include "addon.h"
#include "p256-lanes.h"
#include "rsa-lanes.h"

#include <string>

namespace sekisho {
namespace {

struct NamedKind {
  LaneKind kind;
  const char* name;
};
// The best first.
constexpr NamedKind kKinds[] = {{LaneKind::kIfma, "ifma"}, {LaneKind::kFma, "fma"}, {LaneKind::kNone, "none"}};

bool Has(LaneKind kind) {
#if defined(__x86_64__)
  if (kind == LaneKind::kIfma) return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512ifma");
  if (kind == LaneKind::kFma) return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq");
#endif
  return kind == LaneKind::kNone;
}

}  // namespace

bool LaneKindArgument(Napi::Env env, Napi::Value value, LaneKind& kind) {
  const std::string name = value.IsString() ? value.As<Napi::String>().Utf8Value() : "";
  for (const NamedKind& each : kKinds) {
    kind = each.kind;
    if (Has(each.kind) && (value.IsUndefined() || name == each.name)) return true;
  }
  Napi::TypeError::New(env, "lanes must be one of laneKinds").ThrowAsJavaScriptException();
  return false;
}

void ExportLanes(Napi::Env env, Napi::Object exports) {
  Napi::Array names = Napi::Array::New(env);
  for (const NamedKind& each : kKinds)
    if (Has(each.kind)) names.Set(names.Length(), Napi::String::New(env, each.name));
  exports.Set("laneKinds", names);
}

#if defined(__x86_64__)
namespace ifma {
std::unique_ptr<RsaLanes> NewRsaLanes(const RsaLanes::Key& key);
std::unique_ptr<P256Lanes> NewP256Lanes(const P256Curve& curve, const P256Lanes::Number& privateKey);
}  // namespace ifma
namespace fma {
std::unique_ptr<RsaLanes> NewRsaLanes(const RsaLanes::Key& key);
std::unique_ptr<P256Lanes> NewP256Lanes(const P256Curve& curve, const P256Lanes::Number& privateKey);
}  // namespace fma

std::unique_ptr<RsaLanes> RsaLanes::New(LaneKind kind, const Key& key) {
  if (kind == LaneKind::kIfma) return ifma::NewRsaLanes(key);
  if (kind == LaneKind::kFma) return fma::NewRsaLanes(key);
  return nullptr;
}

std::unique_ptr<P256Lanes> P256Lanes::New(LaneKind kind, const P256Curve& curve, const Number& privateKey) {
  if (kind == LaneKind::kIfma) return ifma::NewP256Lanes(curve, privateKey);
  if (kind == LaneKind::kFma) return fma::NewP256Lanes(curve, privateKey);
  return nullptr;
}
#else
std::unique_ptr<RsaLanes> RsaLanes::New(LaneKind, const Key&) { return nullptr; }
std::unique_ptr<P256Lanes> P256Lanes::New(LaneKind, const P256Curve&, const Number&) { return nullptr; }
#endif

}  // namespace sekisho
