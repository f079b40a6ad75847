// What each topic's file adds to the addon's exports.
#pragma once

#include <napi.h>

#include "lanes.h"

namespace sekisho {

void ExportListen(Napi::Env env, Napi::Object exports);
void ExportAcceptor(Napi::Env env, Napi::Object exports);
void ExportAdopt(Napi::Env env, Napi::Object exports);
void ExportBootClock(Napi::Env env, Napi::Object exports);
void ExportEcKey(Napi::Env env, Napi::Object exports);
void ExportLanes(Napi::Env env, Napi::Object exports);
void ExportMappedFile(Napi::Env env, Napi::Object exports);
void ExportRsaKey(Napi::Env env, Napi::Object exports);
void ExportTokenSigner(Napi::Env env, Napi::Object exports);

// Throws a JavaScript Error shaped like Node's own system errors: message, `code` (EADDRINUSE) and `syscall`.
void ThrowSystemError(Napi::Env env, int error, const char* syscall);

// A file descriptor argument; throws TypeError and returns -1 for anything else.
int DescriptorArgument(const Napi::CallbackInfo& info, size_t index);

// A whole number in [least, most]; throws TypeError naming `what` and returns -1 for anything else.
int64_t IntegerArgument(Napi::Env env, Napi::Value value, int64_t least, int64_t most, const char* what);

bool IsUint8Array(Napi::Value value);

// One of `laneKinds` by its name, the best for undefined; throws TypeError and returns false for anything else.
bool LaneKindArgument(Napi::Env env, Napi::Value value, LaneKind& kind);

}  // namespace sekisho
