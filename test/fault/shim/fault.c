/*
 * Counting and commands. SEKISHO_SHIM_ROOT names the watched directory; SEKISHO_SHIM_CONTROL a file that is mapped and
 * may be written at any time (test/support/write-faults.ts). Without them the shim does nothing.
 */
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct control {
  uint32_t mode;
  int32_t countdown; /* counted calls until the fault; 1 is the next one, 0 or less none */
  uint32_t error;    /* errno of FAIL and FAIL_DONE */
  uint32_t seed;
  uint32_t calls; /* counted so far */
  uint32_t fired; /* faults so far */
  uint32_t epoch; /* whoever writes the directory besides this process raises it: everything counts as synced then */
};

static struct control *control;
static char root[4096];
static size_t root_length;
static uint32_t random_state, epoch;
static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void start(void) {
  const char *directory = getenv("SEKISHO_SHIM_ROOT");
  const char *file = getenv("SEKISHO_SHIM_CONTROL");
  if (directory == NULL || file == NULL || strlen(directory) >= sizeof root) return;
  int fd = syscall(SYS_openat, AT_FDCWD, file, O_RDWR | O_CLOEXEC);
  void *mapping = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (mapping == MAP_FAILED) abort();
  syscall(SYS_close, fd);
  strcpy(root, directory);
  root_length = strlen(root);
  control = mapping;
}

int shim_active(void) { return control != NULL; }

uint32_t shim_random(void) {
  random_state ^= random_state << 13;
  random_state ^= random_state >> 17;
  random_state ^= random_state << 5;
  return random_state;
}

static void die(void) {
  for (;;) syscall(SYS_kill, getpid(), SIGKILL);
}

static void follow_epoch(void) {
  if (epoch == control->epoch) return;
  epoch = control->epoch;
  undo_forget_everything();
}

static int is_due(void) {
  __atomic_add_fetch(&control->calls, 1, __ATOMIC_ACQ_REL);
  if (control->mode == OFF || control->countdown <= 0) return 0;
  if (--control->countdown > 0) return 0;
  control->fired++;
  return 1;
}

enum verdict shim_enter(void) {
  pthread_mutex_lock(&one_at_a_time);
  follow_epoch();
  if (!is_due()) return CONTINUE;
  switch ((enum mode)control->mode) {
    case KILL_BEFORE:
      die();
      break;
    case POWER_CUT:
    case TORN_POWER_CUT:
      random_state = control->seed | 1;
      undo_everything(control->mode == TORN_POWER_CUT);
      die();
      break;
    case FAIL:
      return REFUSE;
    case KILL_AFTER:
    case FAIL_DONE:
      return DO_AND_REFUSE;
    case OFF:
      break;
  }
  return CONTINUE;
}

long shim_leave(enum verdict verdict, long result) {
  if (verdict == DO_AND_REFUSE && control->mode == KILL_AFTER) die();
  int error = verdict == CONTINUE ? errno : (int)control->error;
  pthread_mutex_unlock(&one_at_a_time);
  errno = error;
  return verdict == CONTINUE ? result : -1;
}


static int is_below_root(const char *path) {
  static const char lock[] = "/lock.mdb";
  size_t length = strlen(path);
  if (strncmp(path, root, root_length) != 0 || (path[root_length] != '/' && path[root_length] != 0)) return 0;
  return length < sizeof lock - 1 || strcmp(path + length - (sizeof lock - 1), lock) != 0;
}

int shim_watches_fd(int fd) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = syscall(SYS_readlinkat, AT_FDCWD, link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return is_below_root(path);
}

/* The program names files below the directory by absolute paths without links. */
int shim_watches_path(int dirfd, const char *path) {
  (void)dirfd;
  return path != NULL && path[0] == '/' && is_below_root(path);
}
