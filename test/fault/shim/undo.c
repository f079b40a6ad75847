/*
 * The undo log of a power cut: what to do, newest first, so that the disk holds what was synced and nothing else.
 * Data of a file is synced by fsync or fdatasync of it, or by writing it through a descriptor with O_DSYNC; a creation,
 * a link or a renaming by fsync of the directory that then holds the name. Removals count as synced at once.
 */
#define _GNU_SOURCE
#include "shim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum kind { WRITE, CREATE, RENAME };

struct note {
  struct note *older;
  enum kind kind;
  dev_t dev; /* of the file, or of the directory that holds the name */
  ino_t ino;
  /* WRITE: the range as it was; what of it lay beyond the end is not in `old` */
  int fd;
  off_t offset, old_size;
  size_t length, old_length;
  char *old, *young;
  size_t young_length;
  off_t young_size;
  /* CREATE, RENAME: the name, the name before, and the file that the renaming replaced */
  char *name, *before, *replaced;
};

/* A descriptor for reading and writing a file that the program may only write; kept, one a file. */
struct file {
  struct file *next;
  dev_t dev;
  ino_t ino;
  int fd;
};

static struct note *newest;
static struct file *files;
static unsigned shadows;

static void fail(const char *what) {
  fprintf(stderr, "shim: %s: %s\n", what, strerror(errno));
  abort();
}

static struct stat stat_of(int fd) {
  struct stat found;
  if (syscall(SYS_newfstatat, fd, "", &found, AT_EMPTY_PATH) != 0) fail("fstat");
  return found;
}

static int own_descriptor(int fd, const struct stat *found) {
  for (struct file *file = files; file != NULL; file = file->next)
    if (file->dev == found->st_dev && file->ino == found->st_ino) return file->fd;
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  struct file *file = malloc(sizeof *file);
  *file = (struct file){files, found->st_dev, found->st_ino,
                        syscall(SYS_openat, AT_FDCWD, link, O_RDWR | O_CLOEXEC)};
  if (file->fd < 0) fail(link);
  files = file;
  return file->fd;
}

static size_t read_at(int fd, char *into, size_t length, off_t offset) {
  size_t done = 0;
  while (done < length) {
    ssize_t got = syscall(SYS_pread64, fd, into + done, length - done, offset + (off_t)done);
    if (got < 0) fail("pread");
    if (got == 0) break;
    done += (size_t)got;
  }
  return done;
}

static void write_at(int fd, const char *from, size_t length, off_t offset) {
  for (size_t done = 0; done < length;) {
    ssize_t put = syscall(SYS_pwrite64, fd, from + done, length - done, offset + (off_t)done);
    if (put <= 0) fail("pwrite");
    done += (size_t)put;
  }
}

static struct note *add_note(enum kind kind, dev_t dev, ino_t ino) {
  struct note *note = calloc(1, sizeof *note);
  note->older = newest;
  note->kind = kind;
  note->dev = dev;
  note->ino = ino;
  newest = note;
  return note;
}

static void note_range(int fd, const struct stat *found, off_t offset, size_t length) {
  struct note *note = add_note(WRITE, found->st_dev, found->st_ino);
  note->fd = own_descriptor(fd, found);
  note->offset = offset;
  note->length = length;
  note->old_size = found->st_size;
  note->old = malloc(length + 1);
  note->old_length = read_at(note->fd, note->old, length, offset);
}

/* A synced write stays, so older notes must not undo it. */
static void patch(const struct stat *found, const char *bytes, size_t length, off_t offset) {
  off_t end = offset + (off_t)length;
  for (struct note *note = newest; note != NULL; note = note->older) {
    if (note->kind != WRITE || note->dev != found->st_dev || note->ino != found->st_ino) continue;
    off_t from = offset > note->offset ? offset : note->offset;
    off_t to = end < note->offset + (off_t)note->old_length ? end : note->offset + (off_t)note->old_length;
    if (from < to) memcpy(note->old + (from - note->offset), bytes + (from - offset), (size_t)(to - from));
    if (note->old_size < end) note->old_size = end;
  }
}

void undo_note_write(int fd, const struct iovec *parts, int count, off_t offset) {
  int flags = (int)syscall(SYS_fcntl, fd, F_GETFL);
  struct stat found = stat_of(fd);
  if (!S_ISREG(found.st_mode)) return;
  if (offset < 0) offset = (flags & O_APPEND) ? found.st_size : syscall(SYS_lseek, fd, 0, SEEK_CUR);
  for (int i = 0; i < count; i++) {
    if (flags & (O_DSYNC | O_SYNC))
      patch(&found, parts[i].iov_base, parts[i].iov_len, offset);
    else
      note_range(fd, &found, offset, parts[i].iov_len);
    offset += (off_t)parts[i].iov_len;
  }
}

void undo_note_truncate(int fd, off_t length) {
  struct stat found = stat_of(fd);
  if (!S_ISREG(found.st_mode)) return;
  note_range(fd, &found, length, found.st_size > length ? (size_t)(found.st_size - length) : 0);
}

static struct stat directory_of(const char *path) {
  char *directory = strdup(path);
  *strrchr(directory, '/') = 0;
  struct stat found;
  if (syscall(SYS_newfstatat, AT_FDCWD, directory, &found, 0) != 0) fail(directory);
  free(directory);
  return found;
}

void undo_note_create(int dirfd, const char *path) {
  (void)dirfd;
  struct stat directory = directory_of(path);
  struct note *note = add_note(CREATE, directory.st_dev, directory.st_ino);
  note->name = strdup(path);
}

/* The replaced file keeps a second name until the renaming is synced. */
static char *keep_replaced(const char *path) {
  char *shadow = malloc(strlen(path) + 32);
  sprintf(shadow, "%s.shim-%d-%u", path, (int)getpid(), shadows++);
  if (syscall(SYS_linkat, AT_FDCWD, path, AT_FDCWD, shadow, 0) == 0) return shadow;
  free(shadow);
  return NULL;
}

void undo_note_rename(int fromfd, const char *from, int tofd, const char *to) {
  (void)fromfd, (void)tofd;
  struct stat directory = directory_of(to);
  char *replaced = keep_replaced(to);
  struct note *note = add_note(RENAME, directory.st_dev, directory.st_ino);
  note->name = strdup(to);
  note->before = strdup(from);
  note->replaced = replaced;
}

static void free_note(struct note *note) {
  if (note->replaced != NULL) syscall(SYS_unlinkat, AT_FDCWD, note->replaced, 0);
  free(note->old);
  free(note->young);
  free(note->name);
  free(note->before);
  free(note->replaced);
  free(note);
}

void undo_forget(int fd) {
  struct stat found = stat_of(fd);
  for (struct note **at = &newest; *at != NULL;) {
    struct note *note = *at;
    if (note->dev != found.st_dev || note->ino != found.st_ino) {
      at = &note->older;
      continue;
    }
    *at = note->older;
    free_note(note);
  }
}

void undo_forget_everything(void) {
  while (newest != NULL) {
    struct note *note = newest;
    newest = note->older;
    free_note(note);
  }
}

static void undo_write(struct note *note) {
  struct stat found = stat_of(note->fd);
  note->young_size = found.st_size;
  note->young = malloc(note->length + 1);
  note->young_length = read_at(note->fd, note->young, note->length, note->offset);
  write_at(note->fd, note->old, note->old_length, note->offset);
  if (syscall(SYS_ftruncate, note->fd, note->old_size) != 0) fail("ftruncate");
}

static void undo_name(struct note *note) {
  if (note->kind == CREATE) {
    syscall(SYS_unlinkat, AT_FDCWD, note->name, 0);
    return;
  }
  syscall(SYS_renameat, AT_FDCWD, note->name, AT_FDCWD, note->before);
  if (note->replaced != NULL) syscall(SYS_renameat, AT_FDCWD, note->replaced, AT_FDCWD, note->name);
}

/* Directories reach the disk in order: of the newest changes some are lost, the older ones are there. */
static void undo_names(int torn) {
  for (struct note *note = newest; note != NULL; note = note->older) {
    if (note->kind == WRITE) continue;
    if (torn && shim_random() % 2 == 0) break;
    undo_name(note);
  }
  for (struct note *note = newest; note != NULL; note = note->older)
    if (note->replaced != NULL) syscall(SYS_unlinkat, AT_FDCWD, note->replaced, 0);
}

/* Data reaches the disk in any order: every write is there or not. Oldest first. */
static void redo_some(struct note *note) {
  if (note == NULL) return;
  redo_some(note->older);
  if (note->kind == WRITE && shim_random() % 2 == 0) write_at(note->fd, note->young, note->young_length, note->offset);
}

void undo_everything(int torn) {
  for (struct note *note = newest; note != NULL; note = note->older)
    if (note->kind == WRITE) undo_write(note);
  if (torn) redo_some(newest);
  undo_names(torn);
}
