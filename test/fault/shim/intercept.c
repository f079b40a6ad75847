/* The intercepted calls: libc's names, and nothing but raw system calls behind them. */
#define _GNU_SOURCE
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

static ssize_t write_parts(int fd, const struct iovec *parts, int count, off_t offset) {
  if (offset < 0) return syscall(SYS_writev, fd, parts, count);
  return syscall(SYS_pwritev, fd, parts, count, (long)offset, 0L);
}

static ssize_t write_watched(int fd, const struct iovec *parts, int count, off_t offset) {
  if (!shim_active() || !shim_watches_fd(fd)) return write_parts(fd, parts, count, offset);
  enum verdict verdict = shim_enter();
  ssize_t result = -1;
  if (verdict != REFUSE) {
    undo_note_write(fd, parts, count, offset);
    result = write_parts(fd, parts, count, offset);
  }
  return shim_leave(verdict, result);
}

EXPORT ssize_t write(int fd, const void *bytes, size_t length) {
  struct iovec part = {(void *)bytes, length};
  return write_watched(fd, &part, 1, -1);
}

EXPORT ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t offset) {
  struct iovec part = {(void *)bytes, length};
  return write_watched(fd, &part, 1, offset);
}

EXPORT ssize_t pwrite(int fd, const void *bytes, size_t length, off_t offset) {
  return pwrite64(fd, bytes, length, offset);
}

EXPORT ssize_t writev(int fd, const struct iovec *parts, int count) {
  return write_watched(fd, parts, count, -1);
}

EXPORT ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset) {
  return write_watched(fd, parts, count, offset);
}

EXPORT ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) {
  return write_watched(fd, parts, count, offset);
}

static int sync_watched(long call, int fd) {
  if (!shim_active() || !shim_watches_fd(fd)) return syscall(call, fd);
  enum verdict verdict = shim_enter();
  int result = -1;
  if (verdict != REFUSE) {
    result = syscall(call, fd);
    if (result == 0) undo_forget(fd);
  }
  return shim_leave(verdict, result);
}

EXPORT int fsync(int fd) { return sync_watched(SYS_fsync, fd); }

EXPORT int fdatasync(int fd) { return sync_watched(SYS_fdatasync, fd); }

EXPORT int ftruncate64(int fd, off64_t length) {
  if (!shim_active() || !shim_watches_fd(fd)) return syscall(SYS_ftruncate, fd, length);
  enum verdict verdict = shim_enter();
  int result = -1;
  if (verdict != REFUSE) {
    undo_note_truncate(fd, length);
    result = syscall(SYS_ftruncate, fd, length);
  }
  return shim_leave(verdict, result);
}

EXPORT int ftruncate(int fd, off_t length) { return ftruncate64(fd, length); }

EXPORT int renameat2(int fromfd, const char *from, int tofd, const char *to, unsigned flags) {
  if (!shim_active() || !shim_watches_path(tofd, to)) return syscall(SYS_renameat2, fromfd, from, tofd, to, flags);
  enum verdict verdict = shim_enter();
  int result = -1;
  if (verdict != REFUSE) {
    undo_note_rename(fromfd, from, tofd, to);
    result = syscall(SYS_renameat2, fromfd, from, tofd, to, flags);
  }
  return shim_leave(verdict, result);
}

EXPORT int renameat(int fromfd, const char *from, int tofd, const char *to) {
  return renameat2(fromfd, from, tofd, to, 0);
}

EXPORT int rename(const char *from, const char *to) { return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0); }

EXPORT int linkat(int fromfd, const char *from, int tofd, const char *to, int flags) {
  if (!shim_active() || !shim_watches_path(tofd, to)) return syscall(SYS_linkat, fromfd, from, tofd, to, flags);
  enum verdict verdict = shim_enter();
  int result = -1;
  if (verdict != REFUSE) {
    result = syscall(SYS_linkat, fromfd, from, tofd, to, flags);
    /* Afterwards: a name that was there already, so that the call failed, must not be removed. */
    if (result == 0) undo_note_create(tofd, to);
  }
  return shim_leave(verdict, result);
}

EXPORT int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }

/* True if the call makes a new file; one that empties an old file is not used below the directory. */
static int creates(int dirfd, const char *path, int flags) {
  struct stat found;
  if (!(flags & O_CREAT) || !shim_watches_path(dirfd, path)) return 0;
  return syscall(SYS_newfstatat, dirfd, path, &found, 0) != 0;
}

static int open_watched(int dirfd, const char *path, int flags, mode_t mode) {
  if (!shim_active() || !creates(dirfd, path, flags)) return syscall(SYS_openat, dirfd, path, flags, mode);
  enum verdict verdict = shim_enter();
  int result = -1;
  if (verdict != REFUSE) {
    undo_note_create(dirfd, path);
    result = syscall(SYS_openat, dirfd, path, flags, mode);
    if (verdict == DO_AND_REFUSE && result >= 0) syscall(SYS_close, result);
  }
  return shim_leave(verdict, result);
}

#define WITH_MODE(flags, mode)                     \
  mode_t mode = 0;                                 \
  if ((flags) & (O_CREAT | __O_TMPFILE)) {         \
    va_list arguments;                             \
    va_start(arguments, flags);                    \
    mode = va_arg(arguments, mode_t);              \
    va_end(arguments);                             \
  }

EXPORT int open64(const char *path, int flags, ...) {
  WITH_MODE(flags, mode)
  return open_watched(AT_FDCWD, path, flags, mode);
}

EXPORT int open(const char *path, int flags, ...) {
  WITH_MODE(flags, mode)
  return open_watched(AT_FDCWD, path, flags, mode);
}

EXPORT int openat64(int dirfd, const char *path, int flags, ...) {
  WITH_MODE(flags, mode)
  return open_watched(dirfd, path, flags, mode);
}

EXPORT int openat(int dirfd, const char *path, int flags, ...) {
  WITH_MODE(flags, mode)
  return open_watched(dirfd, path, flags, mode);
}
