/*
 * A PKCS#11 module that forwards to a real one (SEKISHO_FAULTY_MODULE) and fails on command. The commands stand in a
 * file (SEKISHO_FAULTY_CONTROL) that is mapped here and written by test/support/faulty-token.ts.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "pkcs11.h"

enum action { NONE, HANG, DELAY, FAIL };
enum { RULES = 24, FOREVER = -1, POLL_NS = 1000000 };

/* Layout shared with faulty-token.ts: 64 octets each, numbers in the machine's order. */
struct rule {
  char function[32]; /* "*" is every function */
  uint32_t action;
  uint32_t value; /* milliseconds, or a CKR_ */
  int32_t times;  /* calls it still applies to */
  uint32_t calls;
  uint32_t waiting; /* calls that hang now */
  uint32_t spare[3];
};

struct control {
  uint32_t absent;   /* 1 while the token is pulled */
  uint32_t removals; /* how often it was */
  uint32_t hashes;   /* 1: the token has only mechanisms that hash the message themselves */
  uint32_t spare[13];
  struct rule rules[RULES];
};

static struct control *control;
static CK_FUNCTION_LIST_PTR real;

static void die(const char *what) {
  fprintf(stderr, "faulty.so: %s: %s\n", what, strerror(errno));
  abort();
}

static void map_control(void) {
  const char *path = getenv("SEKISHO_FAULTY_CONTROL");
  int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) die("SEKISHO_FAULTY_CONTROL");
  control = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (control == MAP_FAILED) die("mmap");
  close(fd);
}

static void load_real(void) {
  const char *path = getenv("SEKISHO_FAULTY_MODULE");
  void *module = path == NULL ? NULL : dlopen(path, RTLD_NOW | RTLD_LOCAL);
  CK_C_GetFunctionList get = module == NULL ? NULL : (CK_C_GetFunctionList)dlsym(module, "C_GetFunctionList");
  if (get == NULL || get(&real) != CKR_OK) die("SEKISHO_FAULTY_MODULE");
}

static void pause_ns(long ns) {
  struct timespec time = {ns / 1000000000, ns % 1000000000};
  while (nanosleep(&time, &time) != 0 && errno == EINTR) continue;
}

static struct rule *find_rule(const char *function) {
  for (int i = 0; i < RULES; i++)
    if (strncmp(control->rules[i].function, function, sizeof control->rules[i].function) == 0)
      return &control->rules[i];
  return NULL;
}

/* True if the rule applies to one more call. */
static int take_turn(struct rule *rule) {
  int32_t times = __atomic_load_n(&rule->times, __ATOMIC_ACQUIRE);
  while (times > 0)
    if (__atomic_compare_exchange_n(&rule->times, &times, times - 1, 0, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) return 1;
  return times == FOREVER;
}

static uint32_t action_of(const struct rule *rule) {
  return rule == NULL ? NONE : __atomic_load_n(&rule->action, __ATOMIC_ACQUIRE);
}

static CK_RV obey(const char *function) {
  struct rule *rule = find_rule(function);
  if (rule != NULL) __atomic_add_fetch(&rule->calls, 1, __ATOMIC_ACQ_REL);
  if (action_of(rule) == NONE) rule = find_rule("*");
  uint32_t action = action_of(rule);
  if (action == NONE || !take_turn(rule)) return CKR_OK;
  if (action == FAIL) return rule->value;
  if (action == DELAY) pause_ns((long)rule->value * 1000000);
  if (action == HANG) {
    __atomic_add_fetch(&rule->waiting, 1, __ATOMIC_ACQ_REL);
    while (action_of(rule) == HANG) pause_ns(POLL_NS);
    __atomic_sub_fetch(&rule->waiting, 1, __ATOMIC_ACQ_REL);
  }
  return CKR_OK;
}

/* A pulled token loses its sessions and with them the login: once a removal, in the real module. */
static void lose_sessions(void) {
  static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  static uint32_t seen;
  pthread_mutex_lock(&lock);
  uint32_t removals = __atomic_load_n(&control->removals, __ATOMIC_ACQUIRE);
  CK_SLOT_ID slots[64];
  CK_ULONG count = sizeof slots / sizeof *slots;
  if (seen != removals && real->C_GetSlotList(CK_TRUE, slots, &count) == CKR_OK) {
    for (CK_ULONG i = 0; i < count; i++) real->C_CloseAllSessions(slots[i]);
    seen = removals;
  }
  pthread_mutex_unlock(&lock);
}

static int is_one_of(const char *function, const char *const *names) {
  for (; *names != NULL; names++)
    if (strcmp(function, *names) == 0) return 1;
  return 0;
}

/* What a module says of a token that is not there; CKR_OK if the call does not concern the token. */
static CK_RV absence(const char *function) {
  static const char *const module[] = {"C_Initialize", "C_Finalize",    "C_GetInfo",
                                       "C_GetSlotList", "C_GetSlotInfo", NULL};
  static const char *const slot[] = {"C_GetTokenInfo", "C_GetMechanismList", "C_GetMechanismInfo",
                                     "C_OpenSession",  "C_CloseAllSessions", "C_InitToken", NULL};
  if (is_one_of(function, module)) return CKR_OK;
  return is_one_of(function, slot) ? CKR_TOKEN_NOT_PRESENT : CKR_DEVICE_REMOVED;
}

static CK_RV before(const char *function) {
  CK_RV rv = obey(function);
  lose_sessions();
  if (rv == CKR_OK && __atomic_load_n(&control->absent, __ATOMIC_ACQUIRE)) rv = absence(function);
  return rv;
}

/*
 * No Cryptoki function has more than eight arguments, each an integer or a pointer. On x86-64 and AArch64 one that
 * takes fewer ignores the rest, so that one shape fits all.
 */
typedef unsigned long Arg;
typedef CK_RV (*Forwarded)(Arg, Arg, Arg, Arg, Arg, Arg, Arg, Arg);

#define CK_PKCS11_FUNCTION_INFO(name)                                               \
  static CK_RV faulty_##name(Arg a, Arg b, Arg c, Arg d, Arg e, Arg f, Arg g, Arg h) { \
    CK_RV rv = before(#name);                                                       \
    return rv == CKR_OK ? ((Forwarded)real->name)(a, b, c, d, e, f, g, h) : rv;     \
  }
#include "pkcs11f.h"
#undef CK_PKCS11_FUNCTION_INFO

/* A pulled token leaves an empty slot, which a list of slots with tokens does not show. */
static CK_RV slot_list(CK_BBOOL tokenPresent, CK_SLOT_ID_PTR slots, CK_ULONG_PTR count) {
  CK_RV rv = before("C_GetSlotList");
  if (rv != CKR_OK) return rv;
  if (!tokenPresent || !__atomic_load_n(&control->absent, __ATOMIC_ACQUIRE))
    return real->C_GetSlotList(tokenPresent, slots, count);
  *count = 0;
  return CKR_OK;
}

static CK_RV mechanism_list(CK_SLOT_ID slot, CK_MECHANISM_TYPE_PTR list, CK_ULONG_PTR count) {
  CK_RV rv = before("C_GetMechanismList");
  if (rv == CKR_OK) rv = real->C_GetMechanismList(slot, list, count);
  if (rv != CKR_OK || list == NULL || !__atomic_load_n(&control->hashes, __ATOMIC_ACQUIRE)) return rv;
  CK_ULONG kept = 0;
  for (CK_ULONG i = 0; i < *count; i++)
    if (list[i] != CKM_RSA_PKCS && list[i] != CKM_ECDSA) list[kept++] = list[i];
  *count = kept;
  return rv;
}

CK_RV C_GetFunctionList(CK_FUNCTION_LIST_PTR_PTR list) {
  static CK_FUNCTION_LIST functions;
  static pthread_once_t once_control = PTHREAD_ONCE_INIT, once_real = PTHREAD_ONCE_INIT;
  pthread_once(&once_control, map_control);
  pthread_once(&once_real, load_real);
  functions.version = real->version;
#define CK_PKCS11_FUNCTION_INFO(name) functions.name = (CK_##name)faulty_##name;
#include "pkcs11f.h"
#undef CK_PKCS11_FUNCTION_INFO
  functions.C_GetFunctionList = C_GetFunctionList;
  functions.C_GetSlotList = slot_list;
  functions.C_GetMechanismList = mechanism_list;
  *list = &functions;
  return CKR_OK;
}
