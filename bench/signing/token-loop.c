/*
 * The control of the token benchmark: what a bare loop over C_SignInit and C_Sign makes of a token, inside Node, with as
 * many sessions and threads as our own signer has. Compiled by token-loop.ts as an addon; JavaScript:
 *   signLoop(module, slot, identifier, mechanism, input, signatureOctets, sessions, milliseconds) -> signatures made
 * The module must be initialised and logged in to. Blocks its thread meanwhile. Throws what failed.
 */
#define NAPI_VERSION 8
#include <dlfcn.h>
#include <node_api.h>
#include <pkcs11.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MOST_SESSIONS = 256, MOST_OCTETS = 4096 };

typedef struct {
  CK_FUNCTION_LIST_PTR p11;
  CK_SLOT_ID slot;
  CK_BYTE id[64], input[128];
  CK_ULONG id_size, input_size, signature_size;
  CK_MECHANISM_TYPE mechanism;
  double end;
} Plan;

typedef struct {
  const Plan *plan;
  pthread_t thread;
  double signatures;
  CK_RV failed;
} Loop;

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

static CK_RV find_key(const Plan *plan, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE *key) {
  CK_OBJECT_CLASS class = CKO_PRIVATE_KEY;
  CK_ATTRIBUTE wanted[] = {{CKA_CLASS, &class, sizeof class}, {CKA_ID, (void *)plan->id, plan->id_size}};
  CK_ULONG count = 0;
  CK_RV rv = plan->p11->C_FindObjectsInit(session, wanted, 2);
  if (rv == CKR_OK) rv = plan->p11->C_FindObjects(session, key, 1, &count);
  if (rv == CKR_OK) rv = plan->p11->C_FindObjectsFinal(session);
  return rv == CKR_OK && count != 1 ? CKR_KEY_HANDLE_INVALID : rv;
}

static CK_RV sign_once(const Plan *plan, CK_SESSION_HANDLE session, CK_OBJECT_HANDLE key) {
  CK_MECHANISM mechanism = {plan->mechanism, NULL, 0};
  CK_BYTE signature[MOST_OCTETS];
  CK_ULONG size = plan->signature_size;
  CK_RV rv = plan->p11->C_SignInit(session, &mechanism, key);
  return rv == CKR_OK ? plan->p11->C_Sign(session, (CK_BYTE_PTR)plan->input, plan->input_size, signature, &size) : rv;
}

static void *run(void *data) {
  Loop *loop = data;
  const Plan *plan = loop->plan;
  CK_SESSION_HANDLE session;
  CK_OBJECT_HANDLE key;
  CK_RV rv = plan->p11->C_OpenSession(plan->slot, CKF_SERIAL_SESSION, NULL, NULL, &session);
  if (rv == CKR_OK) {
    rv = find_key(plan, session, &key);
    for (; rv == CKR_OK && now() < plan->end; loop->signatures++) rv = sign_once(plan, session, key);
    plan->p11->C_CloseSession(session);
  }
  loop->failed = rv;
  return NULL;
}

static CK_FUNCTION_LIST_PTR functions(const char *path) {
  void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  CK_C_GetFunctionList get = module == NULL ? NULL : (CK_C_GetFunctionList)dlsym(module, "C_GetFunctionList");
  CK_FUNCTION_LIST_PTR list = NULL;
  return get != NULL && get(&list) == CKR_OK ? list : NULL;
}

static CK_ULONG octets(napi_env env, napi_value value, void *into, size_t most) {
  void *data = NULL;
  size_t length = 0;
  napi_get_buffer_info(env, value, &data, &length);
  if (length > most) return 0;
  if (length > 0) memcpy(into, data, length);
  return length;
}

static double number(napi_env env, napi_value value) {
  double result = 0;
  napi_get_value_double(env, value, &result);
  return result;
}

static napi_value fail(napi_env env, const char *what, unsigned long value) {
  char text[100];
  snprintf(text, sizeof text, "%s 0x%lx", what, value);
  napi_throw_error(env, NULL, text);
  return NULL;
}

static napi_value sign_loop(napi_env env, napi_callback_info info) {
  napi_value args[8], result;
  size_t count = 8;
  napi_get_cb_info(env, info, &count, args, NULL, NULL);
  char path[1024] = "";
  if (count != 8) return fail(env, "arguments", count);
  napi_get_value_string_utf8(env, args[0], path, sizeof path, NULL);
  Plan plan = {.p11 = functions(path)};
  if (plan.p11 == NULL) return fail(env, "no PKCS#11 module", 0);
  const int sessions = (int)number(env, args[6]);
  plan.mechanism = (CK_MECHANISM_TYPE)number(env, args[3]);
  plan.signature_size = (CK_ULONG)number(env, args[5]);
  plan.id_size = octets(env, args[2], plan.id, sizeof plan.id);
  plan.input_size = octets(env, args[4], plan.input, sizeof plan.input);
  if (octets(env, args[1], &plan.slot, sizeof plan.slot) != sizeof plan.slot || plan.id_size == 0 || plan.input_size == 0 ||
      plan.signature_size > MOST_OCTETS || sessions < 1 || sessions > MOST_SESSIONS)
    return fail(env, "arguments", 0);
  plan.end = now() + number(env, args[7]) / 1000;

  Loop loops[MOST_SESSIONS] = {0};
  double signatures = 0;
  CK_RV failed = CKR_OK;
  int started = 0;
  for (; started < sessions; started++) {
    loops[started].plan = &plan;
    if (pthread_create(&loops[started].thread, NULL, run, &loops[started]) != 0) break;
  }
  for (int i = 0; i < started; i++) {
    pthread_join(loops[i].thread, NULL);
    signatures += loops[i].signatures;
    if (loops[i].failed != CKR_OK) failed = loops[i].failed;
  }
  if (failed != CKR_OK || started < sessions) return fail(env, "a session failed", failed);
  napi_create_double(env, signatures, &result);
  return result;
}

NAPI_MODULE_INIT() {
  napi_value function;
  napi_create_function(env, "signLoop", NAPI_AUTO_LENGTH, sign_loop, NULL, &function);
  napi_set_named_property(env, exports, "signLoop", function);
  return exports;
}
