/*
 * A library to preload (LD_PRELOAD) that makes writes below one directory fail on command: see fault.c for the
 * commands, undo.c for the power cut, intercept.c for the calls. Inside the shim only raw system calls are made.
 */
#ifndef SEKISHO_SHIM_H
#define SEKISHO_SHIM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

enum mode {
  OFF,
  KILL_BEFORE,    /* the process dies instead of the call */
  KILL_AFTER,     /* the process dies once the call is done */
  POWER_CUT,      /* all that was not synced is undone, then the process dies */
  TORN_POWER_CUT, /* a part of what was not synced had reached the disk */
  FAIL,           /* the call is not done and reports an error */
  FAIL_DONE,      /* the call is done and reports an error */
};

/* What a counted call does: CONTINUE, or returns -1 with errno before or after doing its work. */
enum verdict { CONTINUE, REFUSE, DO_AND_REFUSE };

/* fault.c. Every intercepted call runs between enter and leave; one at a time. */
int shim_active(void);
enum verdict shim_enter(void);
long shim_leave(enum verdict verdict, long result);
uint32_t shim_random(void);

/* True for a file or directory below the watched directory; LMDB's lock files do not count. */
int shim_watches_fd(int fd);
int shim_watches_path(int dirfd, const char *path);

/* undo.c. Notes are taken before the call is made, that of a link, which is a name created, after it. */
void undo_note_write(int fd, const struct iovec *parts, int count, off_t offset);
void undo_note_truncate(int fd, off_t length);
void undo_note_create(int dirfd, const char *path);
void undo_note_rename(int fromfd, const char *from, int tofd, const char *to);
void undo_forget(int fd);
void undo_forget_everything(void);
void undo_everything(int torn);

#endif
